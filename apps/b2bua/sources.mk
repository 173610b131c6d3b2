# peal-b2bua: all but main() in a library of its own, for programs that host it on another port.
noinst_LTLIBRARIES += libpeal-b2bua-objs.la
libpeal_b2bua_objs_la_SOURCES = apps/b2bua/options.c apps/b2bua/stack.c apps/b2bua/b2bua_call.c \
	apps/b2bua/leg_in.c apps/b2bua/leg_out.c apps/b2bua/reinvite.c apps/b2bua/relay.c \
	apps/b2bua/failover.c apps/b2bua/header_pass.c apps/b2bua/census.c apps/b2bua/b2bua_priv.h
bin_PROGRAMS += peal-b2bua
peal_b2bua_SOURCES = apps/b2bua/main.c
peal_b2bua_LDADD = libpeal-b2bua-objs.la libpeal-sip.la libpeal.la
EXTRA_DIST += apps/b2bua/demo.sh apps/b2bua/ladder.awk
dist_man1_MANS += doc/peal-b2bua.1
