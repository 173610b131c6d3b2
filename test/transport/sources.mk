# tests: transport
check_PROGRAMS += test_transport
TESTS += test_transport
test_transport_SOURCES = test/transport/test_transport.c test/transport/transport_world.c \
	test/transport/transport_world.h
test_transport_CFLAGS = $(test_cflags)
test_transport_LDADD = $(test_sip_libs)
