# Fuzz targets: with --enable-fuzzing libFuzzer programs, else programs that replay files.
EXTRA_PROGRAMS += fuzz_packet
CLEANFILES += fuzz_packet
fuzz_packet_SOURCES = test/fuzz/fuzz_packet.c test/fuzz/fuzz_packet.h
fuzz_packet_LDADD = libpeal-sip-objs.la libpeal-objs.la $(UV_LIBS)
if FUZZING
fuzz_packet_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += test/fuzz/replay_main.c
else
fuzz_packet_SOURCES += test/fuzz/replay_main.c
endif

# The corpus through the target; with libFuzzer also FUZZ_SECONDS of search.
FUZZ_SECONDS = 30
fuzz-packet: fuzz_packet
if FUZZING
	mkdir -p fuzz-packet.corpus
	./fuzz_packet -max_total_time=$(FUZZ_SECONDS) -max_len=3000 fuzz-packet.corpus \
		$(srcdir)/test/data
else
	./fuzz_packet $(srcdir)/test/data/*.sip
endif
.PHONY: fuzz-packet
