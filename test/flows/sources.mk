# tests: flows
