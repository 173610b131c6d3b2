# tests: useragent
