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

# Whole messages: the packet's promises, its start line, and decoding at once against one by one.
message_fuzzers = fuzz_packet fuzz_start_line fuzz_differential
EXTRA_PROGRAMS += fuzz_start_line fuzz_differential
CLEANFILES += fuzz_start_line fuzz_differential
fuzz_start_line_SOURCES = test/fuzz/fuzz_start_line.c test/fuzz/fuzz_kit.h
fuzz_start_line_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_ENTRY
fuzz_start_line_LDADD = $(fuzz_packet_LDADD)
fuzz_differential_SOURCES = test/fuzz/fuzz_differential.c test/fuzz/fuzz_kit.h
fuzz_differential_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_ENTRY
fuzz_differential_LDADD = $(fuzz_packet_LDADD)
if FUZZING
fuzz_start_line_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_differential_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
fuzz_start_line_SOURCES += test/fuzz/replay_main.c
fuzz_differential_SOURCES += test/fuzz/replay_main.c
endif
EXTRA_DIST += test/fuzz/sip.dict

# The messages of test/data through the targets; with libFuzzer also FUZZ_SECONDS of search.
FUZZ_SECONDS = 30
fuzz-packet: $(message_fuzzers)
if FUZZING
	for target in $(message_fuzzers); do mkdir -p $$target.corpus && \
		./$$target -max_total_time=$(FUZZ_SECONDS) -max_len=3000 \
			-dict=$(srcdir)/test/fuzz/sip.dict $$target.corpus $(srcdir)/test/data || exit 1; done
else
	for target in $(message_fuzzers); do \
		./$$target $(srcdir)/test/data/*.sip $(srcdir)/test/data/*/*.sip \
			$(srcdir)/test/data/corpus/*/*.sip $(srcdir)/test/data/fuzz/*/*.sip || exit 1; done
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
# The parts of messages, bodies and streams; seeds and found inputs in test/data/fuzz.
body_fuzzers = fuzz_uri fuzz_stream fuzz_multipart \
	fuzz_sipfrag fuzz_message_summary fuzz_encoded_word
EXTRA_PROGRAMS += $(body_fuzzers)
CLEANFILES += $(body_fuzzers)
body_fuzz_libs = libpeal-sip-objs.la libpeal-objs.la $(UV_LIBS)
fuzz_uri_SOURCES = test/fuzz/fuzz_uri.c test/fuzz/fuzz_kit.h
fuzz_uri_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_ENTRY
fuzz_uri_LDADD = $(body_fuzz_libs)
fuzz_stream_SOURCES = test/fuzz/fuzz_stream.c test/fuzz/fuzz_kit.h
fuzz_stream_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_ENTRY
fuzz_stream_LDADD = $(body_fuzz_libs)
fuzz_multipart_SOURCES = test/fuzz/fuzz_multipart.c test/fuzz/fuzz_kit.h
fuzz_multipart_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_ENTRY
fuzz_multipart_LDADD = $(body_fuzz_libs)
fuzz_sipfrag_SOURCES = test/fuzz/fuzz_sipfrag.c test/fuzz/fuzz_kit.h
fuzz_sipfrag_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_ENTRY
fuzz_sipfrag_LDADD = $(body_fuzz_libs)
fuzz_message_summary_SOURCES = test/fuzz/fuzz_message_summary.c test/fuzz/fuzz_kit.h
fuzz_message_summary_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_ENTRY
fuzz_message_summary_LDADD = $(body_fuzz_libs)
fuzz_encoded_word_SOURCES = test/fuzz/fuzz_encoded_word.c test/fuzz/fuzz_kit.h
fuzz_encoded_word_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_ENTRY
fuzz_encoded_word_LDADD = $(body_fuzz_libs)
if FUZZING
fuzz_uri_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_stream_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_multipart_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_sipfrag_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_message_summary_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_encoded_word_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
fuzz_uri_SOURCES += test/fuzz/replay_main.c
fuzz_stream_SOURCES += test/fuzz/replay_main.c
fuzz_multipart_SOURCES += test/fuzz/replay_main.c
fuzz_sipfrag_SOURCES += test/fuzz/replay_main.c
fuzz_message_summary_SOURCES += test/fuzz/replay_main.c
fuzz_encoded_word_SOURCES += test/fuzz/replay_main.c
endif
fuzz-bodies: $(body_fuzzers)
if FUZZING
	for target in $(body_fuzzers); do mkdir -p $$target.corpus && \
		./$$target -max_total_time=$(FUZZ_SECONDS) -max_len=3000 $$target.corpus \
			$(srcdir)/test/data/fuzz/$$target || exit 1; done
else
	for target in $(body_fuzzers); do \
		./$$target $(srcdir)/test/data/fuzz/$$target/* || exit 1; done
endif
.PHONY: fuzz-bodies
EXTRA_DIST += test/data/fuzz
