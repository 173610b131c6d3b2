# tests: base
check_PROGRAMS += test_base
TESTS += test_base
test_base_SOURCES = test/base/test_base.c test/base/base_tests.h test/base/test_result.c \
	test/base/test_text.c test/base/test_alloc.c test/base/test_pool.c test/base/test_hash.c \
	test/base/test_socket_addr.c test/base/test_trace.c
test_base_CFLAGS = $(test_cflags)
test_base_LDADD = $(test_base_libs)
