# Seeds and kept scenarios of peal-sim; the bugs that it must find.
sim_tests = test/sim/seeds.py
# (Not the folder: it would bring the logs of a build's tests along.)
EXTRA_DIST += $(sim_tests) test/sim/peer-lost-in-reinvite.scenario test/sim/two-orphaned-forks.scenario test/sim/unknown-dialog.scenario test/mutations
TESTS += $(sim_tests)
