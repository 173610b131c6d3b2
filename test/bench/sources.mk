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

# `make bench-parser`: beside Sofia-SIP when that is installed (libsofia-sip-ua-dev).
SOFIA_CFLAGS =
SOFIA_LIBS =
EXTRA_PROGRAMS += bench_parser
bench_parser_SOURCES = test/bench/bench_parser.c
bench_parser_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
bench_parser_LDADD = libpeal-sip-objs.la libpeal-objs.la $(UV_LIBS) $(SOFIA_LIBS)

bench-parser:
	rm -f bench_parser
	if pkg-config --exists sofia-sip-ua; then \
	  $(MAKE) bench_parser SOFIA_LIBS="`pkg-config --libs sofia-sip-ua`" \
	    SOFIA_CFLAGS="-DBENCH_SOFIA `pkg-config --cflags sofia-sip-ua`"; \
	else $(MAKE) bench_parser; fi
	./bench_parser $(srcdir)/test/data/*.sip
.PHONY: bench-parser

# Costs of a servicing thread: messages, timers, turns.
EXTRA_PROGRAMS += bench_thread
bench_thread_SOURCES = test/bench/bench_thread.c
bench_thread_CFLAGS = $(AM_CFLAGS)
bench_thread_LDADD = libpeal-objs.la $(UV_LIBS)
bench-thread: bench_thread
	./bench_thread
.PHONY: bench-thread
