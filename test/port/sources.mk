# tests: port
if HAVE_CHECK
check_PROGRAMS += test_port
TESTS += test_port
test_port_SOURCES = test/port/test_port.c test/port/test_udp.c test/port/test_loop.c test/port/test_sim.c \
	test/port/test_sim_hosts.c test/port/test_sim_zone.c \
	test/port/port_end.c test/port/port_tests.h
test_port_CFLAGS = $(test_cflags)
test_port_LDADD = $(test_base_libs)
check_PROGRAMS += test_record
TESTS += test_record
test_record_SOURCES = test/port/test_record.c test/port/record_program.c test/port/record_program.h \
	test/port/port_end.c test/port/port_tests.h
test_record_CFLAGS = $(test_cflags)
test_record_LDADD = $(test_base_libs)
endif
