# tests: useragent
check_PROGRAMS += test_useragent
TESTS += test_useragent
test_useragent_SOURCES = test/useragent/test_useragent.c test/useragent/test_session.c \
	test/useragent/test_session_cancel.c test/useragent/test_session_fork.c \
	test/useragent/test_session_late.c \
	test/useragent/test_dialog.c test/useragent/test_memory.c test/useragent/test_storm.c \
	test/useragent/ua_world.c test/useragent/ua_world.h
test_useragent_CFLAGS = $(test_cflags)
test_useragent_LDADD = $(test_sip_libs)
