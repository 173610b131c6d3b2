thread_sources = framework/thread/thread_class.c framework/thread/thread.c framework/thread/thread_turn.c \
	framework/thread/thread_group.c framework/thread/thread_queue.c framework/thread/thread_tape.c \
	framework/thread/timer_wheel.c \
	framework/thread/thread_priv.h
thread_headers = framework/include/peal/thread.h
