# The command line of peal-b2bua.
b2bua_tests = test/b2bua/options.py
EXTRA_DIST += $(b2bua_tests)
TESTS += $(b2bua_tests)
# peal-b2bua inside of a test program.
b2bua_node_sources = test/b2bua/b2bua_node.c test/b2bua/b2bua_node.h
EXTRA_DIST += $(b2bua_node_sources)
