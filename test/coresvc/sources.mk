# tests: coresvc
