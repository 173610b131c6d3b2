# Benchmarks: `make bench-b2bua`. blast is the caller, limit_uas and limit_relay are the floors.
EXTRA_PROGRAMS = blast limit_relay limit_uas bench_ecom
CLEANFILES += $(EXTRA_PROGRAMS)
blast_SOURCES = test/bench/blast.c
blast_CFLAGS = -O2 $(THREAD_FLAGS)
limit_relay_SOURCES = test/bench/limit_relay.c
limit_relay_CFLAGS = -O2 $(THREAD_FLAGS)
limit_uas_SOURCES = test/bench/limit_uas.c
limit_uas_CFLAGS = -O2 $(THREAD_FLAGS)
bench_ecom_SOURCES = test/bench/bench_ecom.c
bench_ecom_CFLAGS = $(AM_CFLAGS)
bench_ecom_LDADD = libpeal-objs.la $(UV_LIBS)
EXTRA_DIST += test/bench/bench_b2bua.py test/bench/bench_latency.py test/bench/bench_soak.py

bench-b2bua: all blast limit_relay limit_uas
	python3 $(srcdir)/test/bench/bench_b2bua.py --build . --rounds 5 --hold 5000
	python3 $(srcdir)/test/bench/bench_b2bua.py --build . --rounds 5 --spread --modes 1,3
	python3 $(srcdir)/test/bench/bench_latency.py --build . --lingering 24000
	python3 $(srcdir)/test/bench/bench_soak.py --build .
# Costs of ECOM and what lies below it.
bench-ecom: bench_ecom
	./bench_ecom
.PHONY: bench-b2bua bench-ecom

# `make bench-parser`: Peal beside those of Sofia-SIP, oSIP and libre that are installed
# (libsofia-sip-ua-dev, libosip2-dev, libre-dev); `make bench-parser-instructions` by callgrind.
SOFIA_CFLAGS =
SOFIA_LIBS =
bench_parser_programs = bench_parser_peal bench_parser_walk
bench_parser_others = bench_parser_sofia bench_parser_osip2 bench_parser_re
EXTRA_PROGRAMS += $(bench_parser_programs) $(bench_parser_others)
CLEANFILES += $(bench_parser_programs) $(bench_parser_others)
EXTRA_DIST += test/bench/bench_parser.py
bench_parser_harness = test/bench/bench_parser.c test/bench/parse_peer.h
bench_parser_peal_SOURCES = test/bench/peer_peal.c $(bench_parser_harness)
bench_parser_peal_LDADD = libpeal-sip-objs.la libpeal-objs.la $(UV_LIBS)
bench_parser_walk_SOURCES = test/bench/peer_walk.c $(bench_parser_harness)
bench_parser_sofia_SOURCES = test/bench/peer_sofia.c $(bench_parser_harness)
bench_parser_sofia_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
bench_parser_sofia_LDADD = $(SOFIA_LIBS)
bench_parser_osip2_SOURCES = test/bench/peer_osip2.c $(bench_parser_harness)
bench_parser_osip2_LDADD = -losipparser2
bench_parser_re_SOURCES = test/bench/peer_re.c $(bench_parser_harness)
bench_parser_re_CFLAGS = -O2 -DHAVE_STDBOOL_H -DHAVE_INTTYPES_H -I/usr/include/re
bench_parser_re_LDADD = -lre

bench-parser-programs: $(bench_parser_programs)
	if pkg-config --exists sofia-sip-ua; then \
	  $(MAKE) bench_parser_sofia SOFIA_LIBS="`pkg-config --libs sofia-sip-ua`" \
	    SOFIA_CFLAGS="`pkg-config --cflags sofia-sip-ua`"; fi
	if pkg-config --exists libosip2; then $(MAKE) bench_parser_osip2; fi
	if pkg-config --exists libre; then $(MAKE) bench_parser_re; fi
bench-parser: bench-parser-programs peal-parse
	python3 $(srcdir)/test/bench/bench_parser.py --build . --judge
	python3 $(srcdir)/test/bench/bench_parser.py --build .
bench-parser-instructions: bench-parser-programs
	python3 $(srcdir)/test/bench/bench_parser.py --build . --instructions
.PHONY: bench-parser bench-parser-programs bench-parser-instructions

# Costs of a servicing thread: messages, timers, turns.
EXTRA_PROGRAMS += bench_thread
bench_thread_SOURCES = test/bench/bench_thread.c
bench_thread_CFLAGS = $(AM_CFLAGS)
bench_thread_LDADD = libpeal-objs.la $(UV_LIBS)
bench-thread: bench_thread
	./bench_thread
.PHONY: bench-thread
