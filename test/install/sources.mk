# The examples built against the installed libraries: `make installcheck`, and test/run.sh.
EXTRA_DIST += test/install/embed.sh
