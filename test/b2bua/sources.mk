# tests: b2bua
