#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds Peal in several ways and runs every test of it.
#
#   sh test/run.sh [--full] [--only STAGE[,STAGE...]] [--keep]
#
#   --full   the long editions of the tests, the fuzzers until they find nothing new, the benchmarks
#            (results go to doc/results)
#   --only   just these stages and what they need: plain install embed dist debug demo asan tsan
#            rtos fuzz mutations; with --full also sim coverage bench
#   --keep   keep the working directory
#
# The source tree is copied first and stays as it is. One line per stage; the last line is
# "N passed, N failed", and the exit status is 0 only if nothing failed.
set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
full= only= keep=
while [ $# -gt 0 ]; do
    case $1 in
        --full) full=1 ;;
        --keep) keep=1 ;;
        --only) only=${2:-}; [ $# -gt 1 ] && shift ;;
        -h | --help) sed -n '3,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "run.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
    esac
    shift
done
step=${PEAL_RUN_STEP:-}
if [ -n "$step" ]; then
    work=$PEAL_RUN_WORK full=$PEAL_RUN_FULL
else
    work=$(mktemp -d "${TMPDIR:-/tmp}/peal-run-XXXXXX") || exit 1
fi
passed=0 failed=0 skipped=0 broken=
jobs=$(nproc 2>/dev/null || echo 2)
stage_limit_s=1500
[ -n "$full" ] && stage_limit_s=7200
unset MAKEFLAGS MAKELEVEL MFLAGS

tidy()
{
    status=$?
    trap - EXIT
    [ -n "${child:-}" ] && kill "$child" 2>/dev/null && wait "$child"
    if [ -n "$keep" ]; then
        echo "kept: $work"
    else
        chmod -R u+w "$work" 2>/dev/null
        rm -rf "$work"
    fi
    [ -n "${ended:-}" ] && echo "$passed passed, $failed failed"
    exit $status
}
[ -z "$step" ] && trap tidy EXIT
trap 'echo interrupted; failed=$((failed + 1)); exit 130' INT TERM

# ---- What the machine must have ----

packages="build-essential autoconf automake libtool pkg-config git patch xz-utils procps python3
libuv1-dev libssl-dev libudns-dev libexpat1-dev check sip-tester sipsak valgrind doxygen clang libclang-rt-14-dev"

install_missing()
{
    command -v dpkg-query >/dev/null 2>&1 || { echo "no Debian: nothing is installed"; return 0; }
    missing=
    [ -n "$full" ] && packages="$packages gcovr libosip2-dev libre-dev libsofia-sip-ua-dev"
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing (run as root, or install by hand):$missing"
        return 1
    fi
    echo "installing:$missing"
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
        --no-install-recommends $missing
}

# ---- Stages ----

# results_of FILE...: adds up what the tests of these logs report, as "PASSED FAILED".
# Known are the line of Check, "ok"/"not ok"/"FAIL" lines, and "N passed, N failed".
results_of()
{
    awk '/%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
             sub(/.*Checks: /, ""); split($0, n, /[^0-9]+/); p += n[1] - n[2] - n[3]; f += n[2] + n[3]; next }
         /\(exit status: [0-9]+\)$/ { next } # the harness repeating the outcome
         /^ok / { p++ }
         /^(not ok|FAIL) / { f++ }
         END { print p + 0, f + 0 }' "$@" </dev/null
}

# count_check BUILD: adds the results of `make check` there to the sums. A test that failed without
# saying how many counts as one failure; one that passed so counts as one pass.
count_check()
{
    found=0
    for result in $(find "$1" -name '*.trs'); do
        log=${result%.trs}.log
        found=$((found + 1))
        outcome=$(sed -n 's/^:test-result: *//p' "$result" | head -n 1)
        set -- $(results_of "$log")
        case $outcome in
            PASS) [ "$1" -eq 0 ] && set -- 1 "$2" ;;
            SKIP)
                set -- 0 0
                skipped=$((skipped + 1))
                echo "    skipped: $(basename "$log" .log): $(tail -n 2 "$log" | head -n 1)"
                ;;
            *)
                [ "$2" -eq 0 ] && set -- "$1" 1
                echo "    FAILED: $(basename "$log" .log), end of its log:"
                tail -n 25 "$log" | sed 's/^/        /'
                ;;
        esac
        passed=$((passed + $1)) failed=$((failed + $2))
    done
    [ "$found" -gt 0 ]
}

wanted()
{
    [ -z "$only" ] && return 0
    case ,$only, in *,$1,*) return 0 ;; esac
    return 1
}

# stage NAME FUNCTION [ARGUMENT...]: runs it with its output in a log and prints a line. With
# count_in=DIRECTORY before it, the tests that make check ran there are counted; else the stage is one
# test, unless it prints "ok" lines. The function runs in a shell of its own, which timeout(1) can end.
stage()
{
    name=$1
    shift
    begun=$(date +%s)
    before_passed=$passed before_failed=$failed
    log=$work/$name.log
    PEAL_RUN_STEP="$*" PEAL_RUN_WORK=$work PEAL_RUN_FULL=$full \
        timeout -k 20 "$stage_limit_s" sh "$top/test/run.sh" >"$log" 2>&1 </dev/null &
    child=$!
    wait "$child" # in the background, so that a signal ends the stage at once
    status=$?
    child=
    took=$(($(date +%s) - begun))
    note=
    if [ -n "$count_in" ] && count_check "$count_in"; then
        note=", $((passed - before_passed)) passed, $((failed - before_failed)) failed"
        [ "$status" -ne 0 ] && [ "$failed" -eq "$before_failed" ] && failed=$((failed + 1))
    else
        set -- $(results_of "$log")
        [ "$status" -eq 0 ] && [ "$1" -eq 0 ] && set -- 1 "$2"
        [ "$status" -ne 0 ] && [ "$2" -eq 0 ] && set -- "$1" 1
        passed=$((passed + $1)) failed=$((failed + $2))
    fi
    if [ "$failed" -eq "$before_failed" ]; then
        echo "ok      $name (${took} s$note)"
        return 0
    fi
    broken="$broken $name"
    echo "FAILED  $name (${took} s$note)"
    if [ -z "$count_in" ] || [ "$failed" -eq $((before_failed + 1)) ]; then
        tail -n 40 "$log" | sed 's/^/    /'
    fi
    return 1
}

# The logs of a former configuration must not be counted again, so each has a directory of its own.
build_in()
{
    mkdir -p "$work/$1" && cd "$work/$1" || return 1
    shift
    "$work/source/configure" -q "$@" && make -s -j"$jobs"
}

# check_in BUILD [PREFIX-COMMAND...]
check_in()
{
    cd "$work/$1" || return 1
    shift
    "$@" make -s -k -j"$jobs" check
}

copy_sources()
{
    mkdir -p "$work/source" && cd "$top" || return 1
    if [ -e .git ] && git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -co --exclude-standard | while read -r file; do
            [ -e "$file" ] && echo "$file"
        done >"$work/files"
        tar -cf - -T "$work/files" | tar -xf - -C "$work/source"
    else
        tar -cf - . | tar -xf - -C "$work/source"
        if [ -e "$work/source/config.status" ]; then
            make -s -C "$work/source" distclean
        fi
    fi
    cd "$work/source" && autoreconf -fi
}

install_it()
{
    cd "$work/plain" && make -s install &&
        test -e "$work/prefix/lib/libpeal.so.0" && test -x "$work/prefix/bin/peal-b2bua"
}

embed_it()
{
    sh "$work/source/test/install/embed.sh" "$work/prefix" "$work/source"
}

dist_it()
{
    cd "$work/plain" && make -s -j"$jobs" distcheck || return 1
    [ -e "$work/files" ] || return 0
    tar -tf peal-*.tar.xz | sed 's|^[^/]*/||' | sort >"$work/shipped"
    left_out=$(grep -v -e '^\.gitignore$' -e '^doc/results/' "$work/files" | sort |
        comm -23 - "$work/shipped")
    [ -z "$left_out" ] || { echo "the archive lacks:"; echo "$left_out"; return 1; }
}

demo_it()
{
    PEAL_DEMO_BUILD=$work/demo sh "$work/source/apps/b2bua/demo.sh"
}

fuzz_round()
{
    target=$1 seconds=$2
    corpus=$work/corpus/$(basename "$target")
    mkdir -p "$corpus"
    "$target" -dict="$work/source/test/fuzz/sip.dict" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$work/crash-" "$corpus" "$work/source/test/data" "$work/source/test/sdp/seeds" 2>"$target.log" ||
        { tail -n 60 "$target.log"; return 1; }
    coverage=$(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$target.log" | tail -n 1)
    echo "$(basename "$target"): $(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log") runs, $coverage edges"
}

# In full, each target goes on in rounds of ten minutes until a round finds no new edge, three at most.
fuzz_it()
{
    build_in fuzz CC=clang --enable-fuzzing --enable-debug || return 1
    targets=
    for source in "$work"/source/test/fuzz/fuzz_*.c; do
        target=$(basename "$source" .c)
        make -s -j"$jobs" "$target" || return 1
        targets="$targets $work/fuzz/$target"
    done
    number=$(echo $targets | wc -w)
    [ "$number" -gt 0 ] || { echo "there is no fuzz target"; return 1; }
    for target in $targets; do
        if [ -n "$full" ]; then
            last=
            for round in 1 2 3; do
                fuzz_round "$target" 600 || return 1
                [ "$coverage" = "$last" ] && break
                last=$coverage
            done
        else
            fuzz_round "$target" $((90 / number)) || return 1
        fi
        echo "ok $(basename "$target")"
    done
}

mutate_it()
{
    two=--two
    [ -n "$full" ] && two=
    sh "$work/source/test/mutations/run.sh" $two
}

# A result is kept in the tree that was started, not in the copy.
kept()
{
    mkdir -p "$top/doc/results" && cp "$1" "$top/doc/results/" && cat "$1"
}

sim_it()
{
    build_in sim && make -s peal-sim || return 1
    for seed in 1 $(($(date +%s) % 1000000)); do
        ./peal-sim --seed "$seed" --calls 100000 --keep "$top/doc/results" || return 1
    done >"$work/sim.txt"
    kept "$work/sim.txt"
}

cover_it()
{
    build_in coverage --enable-coverage && make -s coverage-parser >"$work/coverage-parser.txt" &&
        kept "$work/coverage-parser.txt"
}

bench_it()
{
    build_in bench || return 1
    for target in bench-parser bench-b2bua; do
        make -s "$target" >"$work/$target.txt" && kept "$work/$target.txt" || return 1
    done
}

# tested NAME CONFIGURE-OPTION...: builds in one way and runs `make check` there.
tested()
{
    wanted "$1" || return 0
    built=$1
    stage "$built-build" build_in "$@" && checked "$built"
}

checked()
{
    count_in=$work/$1
    stage "$1" check_in "$1" $wrapper
    count_in=
}

if [ -n "$step" ]; then
    eval "$step"
    exit $?
fi

ended=1 wrapper= count_in=
if ! install_missing >"$work/packages.log" 2>&1; then
    tail -n 15 "$work/packages.log"
    echo "FAILED  packages"
    failed=1
    exit 1
fi
grep '^installing' "$work/packages.log"
stage sources copy_sources || exit 1

PEAL_FULL=${full:-0}
export PEAL_FULL
if wanted plain || wanted install || wanted embed || wanted dist; then
    if stage plain-build build_in plain --enable-werror --prefix="$work/prefix"; then
        wanted plain && checked plain
        PEAL_FULL=0
        { wanted install || wanted embed; } && stage install install_it && wanted embed &&
            stage embed embed_it
        wanted dist && stage dist dist_it
    fi
fi
PEAL_FULL=0
tested debug --enable-debug --enable-werror
wanted demo && stage demo demo_it

PEAL_PATIENCE=4
ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
UBSAN_OPTIONS=print_stacktrace=1
TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
export PEAL_PATIENCE ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS
tested asan --enable-debug --enable-sanitize=address,undefined
# The thread sanitizer can't place its shadow when the kernel randomises too many address bits.
setarch "$(uname -m)" -R true 2>/dev/null && wrapper="setarch $(uname -m) -R"
tested tsan --enable-debug --enable-sanitize=thread
wrapper=
unset PEAL_PATIENCE
PEAL_MODES=polled
export PEAL_MODES
tested rtos --enable-debug --with-profile=rtos --disable-vectors
unset PEAL_MODES
wanted fuzz && stage fuzz fuzz_it
wanted mutations && stage mutations mutate_it
if [ -n "$full" ]; then
    wanted sim && stage sim sim_it
    wanted coverage && stage coverage cover_it
    wanted bench && stage bench bench_it
fi

[ "$skipped" -gt 0 ] && echo "$skipped tests were skipped"
[ -n "$broken" ] && echo "failed stages:$broken"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
exit $?
