# The program peal-parse.
parse_tests = test/parse/parse_program.py
EXTRA_DIST += $(parse_tests)
TESTS += $(parse_tests)
