# Seeds and kept scenarios of peal-sim; the bugs that it must find.
sim_tests = test/sim/seeds.py
EXTRA_DIST += $(sim_tests) test/sim test/mutations
TESTS += $(sim_tests)
