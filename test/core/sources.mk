# tests: core
check_PROGRAMS += test_core
TESTS += test_core
test_core_SOURCES = test/core/test_core.c test/core/core_world.c test/core/core_world.h \
	test/core/core_services.c test/core/core_script.c test/core/core_script.h \
	test/core/test_core_life.c test/core/test_core_client.c test/core/test_core_cancel.c \
	test/core/test_core_failover.c test/core/test_core_server.c \
	test/core/test_core_dispatcher.c test/core/test_core_memory.c
test_core_CFLAGS = $(test_cflags)
test_core_LDADD = $(test_sip_libs)
