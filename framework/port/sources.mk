port_sources = framework/port/port_os.c framework/port/port_posix.c framework/port/port_posix_udp.c \
	framework/port/port_poll.c framework/port/port_sim.c framework/port/port_sim_net.c \
	framework/port/port_sim_host.c framework/port/port_sim_sock.c framework/port/port_sim_trace.c framework/port/port_sim_zone.c \
	framework/port/port_os.h framework/port/port_priv.h framework/port/posix_udp.h \
	framework/port/sim_world.h
port_sources += framework/port/port_record.c framework/port/port_replay.c \
	framework/port/replay_open.c framework/port/replay_run.c framework/port/tape_event.c \
	framework/port/tape_read.c framework/port/tape_write.c framework/port/replay.h \
	framework/port/tape.h
if HAVE_UV
port_sources += framework/port/port_uv.c
endif
port_headers = framework/include/peal/port.h framework/include/peal/record.h \
	framework/include/peal/sim.h
