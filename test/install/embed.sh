#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the examples outside of the tree against the installed libraries, by pkg-config alone, and runs them.
#   embed.sh PREFIX SOURCE_DIR
set -eu
if [ $# -ne 2 ]; then
    echo "usage: embed.sh PREFIX SOURCE_DIR" >&2
    exit 2
fi
prefix=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
LD_LIBRARY_PATH=$prefix/lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH
passed=0 failed=0
for example in place_call own_loop own_service; do
    cp "$source/examples/$example.c" "$work/"
    if (cd "$work" && ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror $example.c \
        $(pkg-config --cflags --libs peal-sip) -o $example &&
        timeout 30 ./$example </dev/null >$example.out 2>&1); then
        echo "ok $example"
        passed=$((passed + 1))
    else
        echo "not ok $example"
        cat "$work/$example.out" 2>/dev/null || true
        failed=$((failed + 1))
    fi
done
for library in libpeal libpeal-sip libpeal-sdp; do
    [ -L "$prefix/lib/$library.so" ] || { echo "not ok $library.so is not installed"; failed=$((failed + 1)); }
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
