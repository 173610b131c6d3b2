# Tests of the parser package.
EXTRA_DIST += test/data/01-invite.sip test/data/02-ringing180.sip test/data/03-ok200-invite.sip \
	test/data/04-ack.sip test/data/05-bye.sip test/data/06-register-auth.sip \
	test/data/07-unauthorized401.sip test/data/08-options.sip test/data/09-subscribe.sip \
	test/data/10-notify.sip test/data/11-cancel.sip test/data/12-invite-3proxies.sip test/data/header_examples.txt
if HAVE_CHECK
check_PROGRAMS += test_parser
TESTS += test_parser
test_parser_SOURCES = test/parser/test_parser.c test/parser/parser_kit.h test/parser/suite_edit.c \
	test/parser/suite_headers.c test/parser/suite_mutation.c test/parser/suite_packet.c \
	test/parser/random_member.c test/parser/random_member.h test/parser/suite_examples.c \
	test/parser/suite_random.c \
	test/parser/suite_torture.c test/parser/suite_typed.c test/parser/suite_uri.c \
	test/fuzz/kind_check.c test/fuzz/kind_check.h test/fuzz/fuzz_packet.c \
	test/fuzz/fuzz_packet.h
test_parser_CFLAGS = $(test_cflags)
test_parser_LDADD = $(test_sip_libs)
endif
