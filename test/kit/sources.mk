# libpeal-test: the test kit, installed for authors of services.
kit_sources = test/kit/kit_text.c test/kit/kit_vars.c test/kit/kit_memory.c test/kit/kit_ladder.c \
	test/kit/kit_network.c test/kit/kit_peer.c test/kit/kit_script.c test/kit/kit_play.c \
	test/kit/kit_priv.h test/kit/script_priv.h
kit_headers = test/kit/include/peal/test/failure.h test/kit/include/peal/test/memory.h \
	test/kit/include/peal/test/ladder.h test/kit/include/peal/test/network.h \
	test/kit/include/peal/test/script.h
noinst_LTLIBRARIES += libpeal-test-objs.la
libpeal_test_objs_la_SOURCES = $(kit_sources)
lib_LTLIBRARIES += libpeal-test.la
libpeal_test_la_SOURCES =
libpeal_test_la_LIBADD = libpeal-test-objs.la libpeal.la
libpeal_test_la_LDFLAGS = $(so_flags)
peal_test_includedir = $(includedir)/peal/test
peal_test_include_HEADERS = $(kit_headers)
pkgconfig_DATA += test/kit/peal-test.pc
if HAVE_CHECK
check_PROGRAMS += test_kit
TESTS += test_kit
test_kit_SOURCES = test/kit/test_kit.c
test_kit_CFLAGS = $(test_cflags)
test_kit_LDADD = $(test_base_libs)
endif
