# Tests of libpeal-sdp.
if HAVE_CHECK
check_PROGRAMS += test_sdp
TESTS += test_sdp
test_sdp_SOURCES = test/sdp/test_sdp.c
test_sdp_CFLAGS = $(test_cflags)
test_sdp_LDADD = $(test_sdp_libs)
endif
EXTRA_DIST += test/sdp/seeds/rfc8866.sdp test/sdp/seeds/many.sdp test/fuzz/fuzz_sdp.c
if FUZZING
noinst_PROGRAMS += fuzz_sdp
fuzz_sdp_SOURCES = test/fuzz/fuzz_sdp.c
fuzz_sdp_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_sdp_LDADD = $(test_sdp_libs)
endif
