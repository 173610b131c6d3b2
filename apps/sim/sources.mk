# peal-sim: random networks on a virtual clock, watched by invariants.
bin_PROGRAMS += peal-sim
peal_sim_SOURCES = apps/sim/sim_main.c apps/sim/sim_options.c apps/sim/scenario.c \
	apps/sim/scenario_text.c apps/sim/shrink.c apps/sim/world.c apps/sim/host.c apps/sim/ua_node.c \
	apps/sim/ua_leg.c apps/sim/ua_node.h apps/sim/bridge.c apps/sim/rude.c apps/sim/rude_play.c \
	apps/sim/rude.h apps/sim/rules.c apps/sim/wire.c apps/sim/wire_rules.c apps/sim/wire_cseq.c \
	apps/sim/wire_text.c apps/sim/wire_txn.h apps/sim/wire_text.h apps/sim/ladder.c apps/sim/sim_priv.h
peal_sim_LDADD = libpeal-b2bua-objs.la libpeal-sip.la libpeal.la
dist_man1_MANS += doc/peal-sim.1
