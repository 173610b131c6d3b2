# tests: ecom
