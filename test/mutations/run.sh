#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts bugs into a copy of the tree, one at a time, and sees that peal-sim finds each, shows its
# ladder and makes its scenario small. The tree as it is must pass the same seeds.
#
#   sh test/mutations/run.sh [--two] [--keep] [NAME...]
#
#   --two   two of them only: one of a state machine, one of the order of messages between threads
#   --keep  keep the working directory
#   NAME    just these (a patch's name without .patch)
#
# One line for each: "ok NAME (invariant, shrunk to N calls)" or "not ok NAME". The exit status is 0
# only if all were found.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
seeds="1 2 3 4 5 6"
calls=2000
names= keep=
while [ $# -gt 0 ]; do
    case $1 in
        --two) names="timer-g-never-starts messages-reversed" ;;
        --keep) keep=1 ;;
        -h | --help) sed -n '3,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) echo "run.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
        *) names="$names $1" ;;
    esac
    shift
done
[ -n "$names" ] || names=$(cd "$here" && ls ./*.patch | sed 's|^\./||; s|\.patch$||')
work=$(mktemp -d "${TMPDIR:-/tmp}/peal-mutations-XXXXXX") || exit 1

tidy()
{
    status=$?
    trap - EXIT
    if [ -n "$keep" ]; then
        echo "kept: $work"
    else
        chmod -R u+w "$work" 2>/dev/null
        rm -rf "$work"
    fi
    exit $status
}
trap tidy EXIT
trap 'exit 130' INT TERM

# ---- the copy ----

stop()
{
    echo "not ok $1"
    [ -s "$work/log" ] && tail -n 20 "$work/log"
    exit 1
}

unset MAKEFLAGS MAKELEVEL MFLAGS PEAL_SIM_KEEP
mkdir "$work/tree" "$work/build" || exit 1
if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
    git -C "$top" ls-files -z | (cd "$top" && tar cf - --null -T -) | (cd "$work/tree" && tar xf -)
else
    (cd "$top" && tar cf - --exclude='*.o' --exclude='*.lo' --exclude=.libs .) |
        (cd "$work/tree" && tar xf -)
fi
chmod -R u+w "$work/tree"
if [ ! -x "$work/tree/configure" ]; then
    (cd "$work/tree" && autoreconf -fi) >"$work/log" 2>&1 || stop "autoreconf"
fi
jobs=$(nproc 2>/dev/null || echo 2)
build()
{
    make -C "$work/build" -s -j"$jobs" peal-sim >"$work/log" 2>&1
}
(cd "$work/build" && "$work/tree/configure" --disable-static CFLAGS=-O1) >"$work/log" 2>&1 ||
    stop "configure"
build || stop "build"

# ---- the runs ----

sim()
{
    "$work/build/peal-sim" --seed "$1" --calls "$calls" --keep "$work" --shrink >"$work/out" 2>&1
}

failed=0
for seed in $seeds; do
    if ! sim "$seed"; then
        echo "not ok the tree as it is, seed $seed: $(grep -m 1 '^broken' "$work/out")"
        failed=1
    fi
done
[ $failed = 0 ] && echo "ok the tree as it is"

try()
{
    for seed in $seeds; do
        if ! sim "$seed"; then
            rule=$(sed -n '/^broken: /{s/^broken: \([a-z0-9-]*\).*/\1/p;q;}' "$work/out")
            size=$(sed -n 's/^shrunk to \([0-9]*\) calls.*/\1/p' "$work/out")
            grep -q -e '-->' "$work/out" || { echo "not ok $1: no ladder"; return 1; }
            echo "ok $1 (invariant $rule, shrunk to ${size:-?} calls)"
            return 0
        fi
    done
    echo "not ok $1"
    return 1
}

for name in $names; do
    patch=$here/$name.patch
    [ -f "$patch" ] || { echo "not ok $name: no such patch"; failed=1; continue; }
    if patch -s -p1 -d "$work/tree" <"$patch" >"$work/log" 2>&1 && build; then
        try "$name" || failed=1
    else
        echo "not ok $name: it does not apply or does not build"
        failed=1
    fi
    patch -s -R -p1 -d "$work/tree" <"$patch" >/dev/null 2>&1
done
exit $failed
