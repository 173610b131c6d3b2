# The command line of peal-b2bua.
b2bua_tests = test/b2bua/options.py
EXTRA_DIST += $(b2bua_tests)
TESTS += $(b2bua_tests)
