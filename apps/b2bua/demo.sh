#!/bin/sh
# SPDX-License-Identifier: MIT
# One real call through peal-b2bua, shown as a ladder: installs what is missing (Debian, as root), builds
# out of the tree, starts a callee and a caller (SIPp) and the B2BUA between them. Exits 0 only if the
# call worked and nothing of it was left behind. Works with and without a terminal.
#
#   PEAL_DEMO_BUILD=DIR   build there and keep it (else: a temporary directory, removed at the end)
set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/peal-demo-XXXXXX") || exit 1
build=${PEAL_DEMO_BUILD:-$work/build}
callee_pid= b2bua_pid=

die()
{
    echo "demo: $1" >&2
    for file in "$work"/*.log; do
        [ -s "$file" ] && echo "--- end of ${file##*/}:" >&2 && tail -n 15 "$file" >&2
    done
    exit 1
}

tidy()
{
    status=$?
    trap - EXIT
    for pid in $callee_pid $b2bua_pid; do
        kill "$pid" 2>/dev/null
    done
    rm -rf "$work"
    exit $status
}
trap tidy EXIT
trap 'exit 130' INT TERM

# wait_for SECONDS COMMAND...: until the command is true.
wait_for()
{
    left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 0.1
    done
}

install_missing()
{
    missing=
    for pair in autoreconf:autoconf automake:automake libtoolize:libtool pkg-config:pkg-config gcc:gcc \
        make:make sipp:sip-tester; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
    done
    [ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
    for pair in uv.h:libuv1-dev openssl/ssl.h:libssl-dev udns.h:libudns-dev; do
        [ -e "/usr/include/${pair%%:*}" ] || missing="$missing ${pair#*:}"
    done
    [ -z "$missing" ] && return
    echo "installing:$missing"
    [ "$(id -u)" = 0 ] || die "please install:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get update && apt-get install -y --no-install-recommends $missing; } \
        >"$work/apt.log" 2>&1 || die "apt-get failed"
}

build_it()
{
    echo "building in $build"
    if [ ! -x "$top/configure" ]; then
        (cd "$top" && autoreconf -fi) >"$work/autoreconf.log" 2>&1 || die "autoreconf failed"
    fi
    if [ -e "$top/config.status" ]; then
        build=$top # configured in the tree: then it must be built there
    elif [ ! -e "$build/config.status" ]; then
        mkdir -p "$build" && (cd "$build" && "$top/configure" -q) >"$work/configure.log" 2>&1 ||
            die "configure failed"
    fi
    (cd "$build" && make -j"$(nproc)" peal-b2bua) >"$work/make.log" 2>&1 || die "make failed"
}

# Is this UDP port of 127.0.0.1 bound?
is_bound()
{
    grep -qi "0100007F:$(printf %04X "$1") " /proc/net/udp
}

free_port()
{
    port=$(awk -v seed="$$$(date +%N)" 'BEGIN { srand(seed % 2147483647); print 20000 + int(rand() * 30000) }')
    while is_bound "$port"; do
        port=$((port + 7))
    done
    echo "$port"
}

run_sipp()
{
    (cd "$work" && TERM=dumb exec sipp -i 127.0.0.1 -nostdin -m 1 -trace_err "$@" </dev/null)
}

b2bua_says()
{
    grep -q "^$1" "$work/b2bua.out"
}

ask_census()
{
    before=$(grep -c '^census' "$work/b2bua.out")
    kill -USR1 "$b2bua_pid"
    wait_for 5 more_census || die "no census"
}

more_census()
{
    [ "$(grep -c '^census' "$work/b2bua.out")" -gt "$before" ]
}

is_quiet()
{
    ask_census
    ! grep '^census' "$work/b2bua.out" | tail -n 1 | sed 's/.*"call":{\([^}]*\)}.*/\1/' |
        grep -q ':[1-9]'
}

say_census()
{
    printf '  %-28s %s\n' "$1" "$(grep '^census' "$work/b2bua.out" | sed -n "$2" | cut -d' ' -f2-)"
}

place_call()
{
    callee_port=$(free_port)
    run_sipp -sf "$top/test/flows/uas.xml" -p "$callee_port" >"$work/callee.log" 2>&1 &
    callee_pid=$!
    wait_for 10 is_bound "$callee_port" || die "the callee (SIPp) does not start"

    # T1 is a tenth of the usual 500 ms, so that what lingers (64*T1) is gone in seconds.
    "$build/peal-b2bua" --listen udp:127.0.0.1:0 --next-hop "sip:127.0.0.1:$callee_port" --t1-ms 50 \
        --trace message >"$work/b2bua.out" 2>"$work/trace" &
    b2bua_pid=$!
    wait_for 20 b2bua_says ready || { cp "$work/trace" "$work/b2bua.log"; die "peal-b2bua does not start"; }
    b2bua_port=$(sed -n 's/^ready udp:127.0.0.1:\([0-9]*\).*/\1/p' "$work/b2bua.out")
    caller_port=$(free_port)
    echo "caller 127.0.0.1:$caller_port -> peal-b2bua 127.0.0.1:$b2bua_port -> callee 127.0.0.1:$callee_port"
    echo

    run_sipp -sf "$top/test/flows/uac.xml" -p "$caller_port" -d 500 -timeout 30 -timeout_error \
        "127.0.0.1:$b2bua_port" >"$work/caller.log" 2>&1 || die "the caller's call failed"
    wait_for 10 is_gone "$callee_pid" || die "the callee's call does not end"
    wait "$callee_pid" || die "the callee's call failed"
    callee_pid=
}

is_gone()
{
    ! kill -0 "$1"
}

install_missing
build_it
place_call

awk -v caller="$caller_port" -v callee="$callee_port" -f "$top/apps/b2bua/ladder.awk" "$work/trace" \
    >"$work/ladder"
cat "$work/ladder"
for line in 'INVITE -*>' '<-* 180 ' '<-* 200 OK' 'ACK -*>' 'BYE -*>'; do
    [ "$(grep -c -e "$line" "$work/ladder")" -ge 2 ] || die "the ladder lacks '$line' on one of its sides"
done

ask_census
wait_for 30 is_quiet || die "something of the call stays"
kill -TERM "$b2bua_pid"
wait "$b2bua_pid"
status=$?
b2bua_pid=
echo
echo "census"
say_census "at start" 1p
say_census "right after the call" 2p
say_census "64*T1 later" "$(($(grep -c '^census' "$work/b2bua.out") - 1))p"
say_census "at exit" '$p'
[ $status = 0 ] || die "peal-b2bua ended with status $status"
echo
echo "The call worked, and nothing of it was left behind."
