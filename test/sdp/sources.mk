# Tests of libpeal-sdp.
if HAVE_CHECK
check_PROGRAMS += test_sdp
TESTS += test_sdp
test_sdp_SOURCES = test/sdp/test_sdp.c
test_sdp_CFLAGS = $(test_cflags)
test_sdp_LDADD = $(test_sdp_libs)
endif
