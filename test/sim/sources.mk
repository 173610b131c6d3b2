# Seeds and kept scenarios of peal-sim; the bugs that it must find.
sim_tests = test/sim/seeds.py
sim_scenarios = $(srcdir)/test/sim/*.scenario
EXTRA_DIST += $(sim_tests) test/mutations
TESTS += $(sim_tests)
