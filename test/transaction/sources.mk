# tests: transaction
