# Tests of the parser package.
EXTRA_DIST += test/data/01-invite.sip test/data/02-ringing180.sip test/data/03-ok200-invite.sip \
	test/data/04-ack.sip test/data/05-bye.sip test/data/06-register-auth.sip \
	test/data/07-unauthorized401.sip test/data/08-options.sip test/data/09-subscribe.sip \
	test/data/10-notify.sip test/data/11-cancel.sip test/data/12-invite-3proxies.sip test/data/header_examples.txt
# Folders of messages; expected.txt says what the parser makes of them.
EXTRA_DIST += test/data/corpus test/data/malformed test/data/rfc4475 test/data/rfc5118
if HAVE_CHECK
check_PROGRAMS += test_parser
TESTS += test_parser
test_parser_SOURCES = test/parser/test_parser.c test/parser/parser_kit.c \
	test/parser/parser_kit.h test/parser/suite_edit.c \
	test/parser/suite_headers.c test/parser/suite_mutation.c test/parser/suite_packet.c \
	test/parser/random_member.c test/parser/random_member.h test/parser/suite_examples.c \
	test/parser/suite_random.c \
	test/parser/suite_torture.c test/parser/suite_typed.c test/parser/suite_uri.c \
	test/fuzz/kind_check.c test/fuzz/kind_check.h test/fuzz/fuzz_packet.c \
	test/fuzz/fuzz_packet.h
test_parser_SOURCES += test/parser/data_kit.c test/parser/data_kit.h test/parser/suite_corpus.c \
	test/parser/suite_malformed.c test/fuzz/fuzz_start_line.c test/fuzz/fuzz_differential.c \
	test/fuzz/fuzz_kit.h
test_parser_CFLAGS = $(test_cflags)
test_parser_LDADD = $(test_sip_libs)

check_PROGRAMS += test_bodies
TESTS += test_bodies
test_bodies_SOURCES = test/parser/test_bodies.c test/parser/bodies_kit.h test/parser/parser_kit.c \
	test/parser/parser_kit.h test/parser/suite_encoded_word.c test/parser/suite_keys.c \
	test/parser/suite_multipart.c \
	test/parser/suite_property.c test/parser/suite_sipfrag.c test/parser/suite_stream.c \
	test/parser/suite_summary.c test/parser/suite_uri_make.c test/parser/suite_values.c \
	test/fuzz/fuzz_uri.c test/fuzz/fuzz_stream.c test/fuzz/fuzz_multipart.c \
	test/fuzz/fuzz_sipfrag.c test/fuzz/fuzz_message_summary.c test/fuzz/fuzz_encoded_word.c \
	test/fuzz/fuzz_kit.h test/base/failing_alloc.c test/base/failing_alloc.h
test_bodies_CFLAGS = $(test_cflags)
test_bodies_LDADD = $(test_sip_libs)
endif

# In a build configured with --enable-coverage: lines and branches of the parser that its tests pass
# through, by gcovr.
coverage-parser: test_parser test_bodies
	find . -name '*.gcda' -exec rm -f {} +
	top_srcdir='$(abs_top_srcdir)' ./test_parser
	top_srcdir='$(abs_top_srcdir)' ./test_bodies
	gcovr --root '$(abs_top_srcdir)' --object-directory . --filter '.*/sipstack/parser/' \
		--exclude-unreachable-branches --exclude-throw-branches --branches --txt coverage-branches.txt .
	gcovr --root '$(abs_top_srcdir)' --object-directory . --filter '.*/sipstack/parser/' \
		--exclude-unreachable-branches --exclude-throw-branches --txt coverage-lines.txt \
		--print-summary .
	cat coverage-lines.txt coverage-branches.txt
.PHONY: coverage-parser
CLEANFILES += coverage-lines.txt coverage-branches.txt
