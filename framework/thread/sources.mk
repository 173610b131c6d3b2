thread_sources =
thread_headers = framework/include/peal/thread.h
