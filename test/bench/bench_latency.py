#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What peal-b2bua adds to the time from INVITE to 200, and what state that lingers costs it.

  bench_latency.py [--build DIR] [--rate CPS] [--calls N] [--rounds R] [--modes 1,3,polled] [--lingering N]

Latency: each round calls through a bare relay and through the B2BUA in each mode at the same rate, one after the
other; what is added is the difference of the medians of the p50 and p99. Lingering: user instructions a call
(callgrind, so independent of the machine's load) of 300 calls in a fresh B2BUA against 300 calls behind N others
whose transactions still linger. Traffic stays on 127.0.0.1.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import time

from bench_b2bua import Server, blast, end, free_port, pinned


def latency(args, callee):
    kinds = ["relay"] + ["peal:" + m for m in args.modes.split(",")]
    results = {k: [] for k in kinds}
    for _ in range(args.rounds):
        for kind in kinds:
            server = Server(args, kind, callee)
            try:
                blast(args, server.port, ["-n", "200", "-w", "4"])
                results[kind].append(blast(args, server.port, ["-n", str(args.calls), "-r", str(args.rate)]))
            finally:
                end(server.process)
    floor = {}
    print("%-14s %9s %9s %11s %11s %7s" % ("server", "p50 ms", "p99 ms", "added p50", "added p99", "failed"))
    bad = 0
    for kind in kinds:
        p = {q: statistics.median(r[q] for r in results[kind]) for q in ("p50", "p99")}
        floor = floor or p
        failed = sum(r["failed"] for r in results[kind])
        bad += failed
        print("%-14s %9.3f %9.3f %11.3f %11.3f %7d" %
              (kind, p["p50"], p["p99"], p["p50"] - floor["p50"], p["p99"] - floor["p99"], failed), flush=True)
    return bad


def instructions(args, callee, before, calls):
    """Of the server for `before` calls and then `calls` more: those of the latter alone."""
    out = "/tmp/peal-latency-%d" % os.getpid()
    tool = os.path.join(os.path.abspath(args.build), "")
    command = ["valgrind", "--tool=callgrind", "-q", "--callgrind-out-file=" + out, tool + ".libs/peal-b2bua",
               "--listen", "udp:127.0.0.1:0", "--next-hop", "sip:127.0.0.1:%d" % callee, "--threads", "1",
               "--max-calls", "1000000"]
    server = pinned("server", command, stdout=subprocess.PIPE, env=dict(os.environ, LD_LIBRARY_PATH=tool + ".libs"))
    try:
        port = int(re.search(rb"ready udp:127\.0\.0\.1:(\d+)", server.stdout.readline()).group(1))
        if before:
            blast(args, port, ["-n", str(before), "-w", "16"])
        dump(server, out, 1)
        result = blast(args, port, ["-n", str(calls), "-w", "2"])
        dump(server, out, 2)
        if result["failed"]:
            raise RuntimeError("a call failed")
        return total(out + ".2") / calls
    finally:
        end(server)
        for name in os.listdir("/tmp"):
            if name.startswith(os.path.basename(out)):
                os.unlink("/tmp/" + name)


def dump(server, out, number):
    """Writes the counts since the last dump, and sets them to zero."""
    subprocess.run(["callgrind_control", "--dump", str(server.pid)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    for _ in range(500):
        if os.path.exists("%s.%d" % (out, number)):
            time.sleep(0.2)
            return
        time.sleep(0.02)
    raise RuntimeError("callgrind wrote nothing")


def total(name):
    with open(name) as f:
        return next(int(line.split()[1]) for line in f if line.startswith(("totals:", "summary:")))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default=".")
    ap.add_argument("--rate", type=int, default=200)
    ap.add_argument("--calls", type=int, default=2000)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--modes", default="1,3,polled")
    ap.add_argument("--lingering", type=int, default=0, help="transactions, four a call")
    args = ap.parse_args()
    callee_port = free_port()
    callee = pinned("peers", [os.path.join(args.build, "limit_uas"), "-p", str(callee_port)], stdout=subprocess.DEVNULL)
    bad = 0
    try:
        if args.modes:
            bad = latency(args, callee_port)
        if args.lingering:
            fresh = instructions(args, callee_port, 100, 300)
            behind = instructions(args, callee_port, args.lingering // 4, 300)
            print("user instructions a call: %.0f fresh, %.0f behind %d lingering transactions: ratio %.3f" %
                  (fresh, behind, args.lingering, behind / fresh))
    finally:
        end(callee)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
