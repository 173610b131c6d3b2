# Benchmarks: `make bench-b2bua`. blast is the caller, limit_uas and limit_relay are the floors.
EXTRA_PROGRAMS = blast limit_relay limit_uas
CLEANFILES += $(EXTRA_PROGRAMS)
blast_SOURCES = test/bench/blast.c
blast_CFLAGS = -O2 $(THREAD_FLAGS)
limit_relay_SOURCES = test/bench/limit_relay.c
limit_relay_CFLAGS = -O2 $(THREAD_FLAGS)
limit_uas_SOURCES = test/bench/limit_uas.c
limit_uas_CFLAGS = -O2 $(THREAD_FLAGS)
EXTRA_DIST += test/bench/bench_b2bua.py

bench-b2bua: all blast limit_relay limit_uas
	python3 $(srcdir)/test/bench/bench_b2bua.py --build .
.PHONY: bench-b2bua
