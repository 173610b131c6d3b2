# tests: port
