# tests: ecom
check_PROGRAMS += test_ecom
TESTS += test_ecom
test_ecom_SOURCES = test/ecom/test_ecom.c test/ecom/ecom_tests.h test/ecom/test_classes.c \
	test/ecom/test_object.c test/ecom/test_aggregate.c test/ecom/test_registry.c \
	test/ecom/test_bound.c test/ecom/test_ecom_threads.c test/ecom/test_ecom_debug.c
test_ecom_CFLAGS = $(test_cflags)
test_ecom_LDADD = $(test_base_libs)
