# Seeds and kept scenarios of peal-sim; the bugs that it must find.
sim_tests = test/sim/seeds.py
# (Not the folder: it would bring the logs of a build's tests along.)
sim_scenarios = test/sim/answered-in-pause.scenario \
	test/sim/never-acked-reinvite.scenario \
	test/sim/number-of-no-call.scenario \
	test/sim/peer-lost-in-reinvite.scenario \
	test/sim/two-orphaned-forks.scenario \
	test/sim/unknown-dialog.scenario
EXTRA_DIST += $(sim_tests) $(sim_scenarios) test/mutations
TESTS += $(sim_tests)
