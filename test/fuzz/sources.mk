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

# One target for each family of headers; `make fuzz-headers` runs all of them.
fuzz_header_programs = fuzz_header_via \
	fuzz_header_address \
	fuzz_header_value \
	fuzz_header_auth \
	fuzz_header_date \
	fuzz_header_session \
	fuzz_header_event
EXTRA_PROGRAMS += $(fuzz_header_programs)
CLEANFILES += $(fuzz_header_programs)
EXTRA_DIST += test/fuzz/headers.dict test/fuzz/header_seeds.py
kind_check_parts = test/fuzz/kind_check.c test/fuzz/kind_check.h
if !FUZZING
kind_check_parts += test/fuzz/replay_main.c
endif
fuzz_header_libs = libpeal-sip-objs.la libpeal-objs.la $(UV_LIBS)
fuzz_header_via_SOURCES = test/fuzz/fuzz_header_via.c $(kind_check_parts)
fuzz_header_via_LDADD = $(fuzz_header_libs)
fuzz_header_address_SOURCES = test/fuzz/fuzz_header_address.c $(kind_check_parts)
fuzz_header_address_LDADD = $(fuzz_header_libs)
fuzz_header_value_SOURCES = test/fuzz/fuzz_header_value.c $(kind_check_parts)
fuzz_header_value_LDADD = $(fuzz_header_libs)
fuzz_header_auth_SOURCES = test/fuzz/fuzz_header_auth.c $(kind_check_parts)
fuzz_header_auth_LDADD = $(fuzz_header_libs)
fuzz_header_date_SOURCES = test/fuzz/fuzz_header_date.c $(kind_check_parts)
fuzz_header_date_LDADD = $(fuzz_header_libs)
fuzz_header_session_SOURCES = test/fuzz/fuzz_header_session.c $(kind_check_parts)
fuzz_header_session_LDADD = $(fuzz_header_libs)
fuzz_header_event_SOURCES = test/fuzz/fuzz_header_event.c $(kind_check_parts)
fuzz_header_event_LDADD = $(fuzz_header_libs)
if FUZZING
fuzz_header_via_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_header_address_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_header_value_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_header_auth_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_header_date_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_header_session_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_header_event_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
endif

fuzz-headers: $(fuzz_header_programs)
	for p in $(fuzz_header_programs); do \
	  python3 $(srcdir)/test/fuzz/header_seeds.py $(srcdir)/test/fuzz/$$p.c \
	    $(srcdir)/test/data/header_examples.txt $$p.corpus || exit 1; \
	  if test -n "$(FUZZ_LDFLAGS)"; then \
	    ./$$p -max_total_time=$(FUZZ_SECONDS) -max_len=500 -print_final_stats=1 \
	      -dict=$(srcdir)/test/fuzz/headers.dict $$p.corpus || exit 1; \
	  else ./$$p $$p.corpus/* || exit 1; fi; \
	done
.PHONY: fuzz-headers
