# tests: thread
