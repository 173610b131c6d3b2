# tests: port
if HAVE_CHECK
check_PROGRAMS += test_port
TESTS += test_port
test_port_SOURCES = test/port/test_port.c test/port/test_udp.c test/port/test_loop.c test/port/test_sim.c \
	test/port/test_sim_hosts.c test/port/test_sim_zone.c \
	test/port/port_tests.h
test_port_CFLAGS = $(test_cflags)
test_port_LDADD = $(test_base_libs)
endif
