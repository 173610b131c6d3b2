# peal-replay: repeats recorded runs of peal-b2bua.
bin_PROGRAMS += peal-replay
peal_replay_SOURCES = apps/replay/peal_replay.c apps/replay/replay_ladder.c \
	apps/replay/replay_program.c apps/replay/replay_priv.h
peal_replay_LDADD = libpeal-b2bua-objs.la libpeal-sip.la libpeal.la
dist_man1_MANS += doc/peal-replay.1
