# tests: transport
