# tests: thread
if HAVE_CHECK
check_PROGRAMS += test_thread
TESTS += test_thread
test_thread_SOURCES = test/thread/test_thread.c test/thread/test_wheel.c test/thread/test_queue.c \
	test/thread/test_activation.c test/thread/test_polling.c test/thread/test_lifetime.c \
	test/thread/test_sim_thread.c test/thread/test_sim_schedule.c test/thread/thread_tests.h
test_thread_CFLAGS = $(test_cflags)
test_thread_LDADD = $(test_base_libs)
endif
