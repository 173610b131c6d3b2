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

# build NAME WARNINGS...: compiles $work/NAME.c
build()
{
    name=$1
    shift
    (cd "$work" && ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L "$@" "$name.c" \
        $(pkg-config --cflags --libs ${packages:-peal-sip}) -o "$name")
}

# verdict NAME STATUS
verdict()
{
    if [ "$2" -eq 0 ]; then
        echo "ok $1"
        passed=$((passed + 1))
    else
        echo "not ok $1"
        cat "$work/$1.out" 2>/dev/null || true
        failed=$((failed + 1))
    fi
}

for example in place_call own_loop own_service; do
    cp "$source/examples/$example.c" "$work/"
    status=0
    build $example -Wall -Wextra -Werror &&
        (cd "$work" && timeout 30 ./$example </dev/null >$example.out 2>&1) || status=1
    verdict $example $status
done

# A test by the installed test kit.
cp "$source/examples/own_test.c" "$work/"
status=0
packages='peal-test peal-sip'
build own_test -Wall -Wextra -Werror &&
    (cd "$work" && timeout 30 ./own_test >own_test.out 2>&1) || status=1
packages=
verdict own_test $status

# The README's program and its checked twin call SIPp, on a port that is free now.
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$source/README.md" >"$work/readme.c"
cp "$source/examples/call.c" "$work/"
for example in readme call; do
    port=$(python3 -c 'import socket; s = socket.socket(type=2); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    sipp -sn uas -i 127.0.0.1 -p "$port" -nostdin -m 1 -timeout 60 >"$work/sipp.out" 2>&1 &
    callee=$!
    until grep -qi ":$(printf %04X "$port") " /proc/net/udp || ! kill -0 $callee 2>/dev/null; do :; done
    status=0
    build $example -Wall && (cd "$work" &&
        timeout 30 ./$example 127.0.0.1 "sip:bob@127.0.0.1:$port" >$example.out 2>&1 &&
        grep -q 'answered with 200' $example.out) || status=1
    [ $status -eq 0 ] || kill $callee 2>/dev/null || true
    wait $callee || status=1
    verdict $example $status
done
# Nobody is there any more: it says so, and fails.
status=0
(cd "$work" && timeout 30 ./call 127.0.0.1 "sip:bob@127.0.0.1:$port" >call.out 2>&1) || status=$?
grep -q 'call: no answer: 503' "$work/call.out" || status=0
verdict call $((status != 1))
for library in libpeal libpeal-sip libpeal-sdp libpeal-test; do
    [ -L "$prefix/lib/$library.so" ] || { echo "not ok $library.so is not installed"; failed=$((failed + 1)); }
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
