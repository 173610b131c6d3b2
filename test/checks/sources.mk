# tests: checks
