# tests: coresvc
check_PROGRAMS += test_coresvc
TESTS += test_coresvc
test_coresvc_SOURCES = test/coresvc/test_coresvc.c test/useragent/ua_world.c \
	test/useragent/ua_world.h
test_coresvc_CFLAGS = $(test_cflags)
test_coresvc_LDADD = $(test_sip_libs)
