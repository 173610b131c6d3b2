#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What peal-b2bua costs while transactions linger, and whether it stays that way.

  bench_soak.py [--build DIR] [--rate CPS] [--seconds S] [--mode 1|3|polled] [--burst N]

Lingering: KiB that N ended calls leave behind, four transactions each.
Soak: S seconds of calls at CPS; every five seconds the CPU of a call and the resident memory. From second 35 on
(64*T1 and some) as many transactions end as begin: both must be flat. Traffic stays on 127.0.0.1.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

from bench_b2bua import Server, blast, cpu_us, end, free_port, pinned, pss_kib

STEP_S = 5
FLAT_FROM_S = 35


def lingering(args, callee):
    """KiB that an ended call leaves."""
    server = Server(args, "peal:" + args.mode, callee)
    try:
        blast(args, server.port, ["-n", "500", "-w", "16"])
        before = pss_kib(server.process.pid)
        result = blast(args, server.port, ["-n", str(args.burst), "-w", "16"])
        return (pss_kib(server.process.pid) - before) / result["done"]
    finally:
        end(server.process)


def soak(args, callee):
    """Rows of (second, microseconds of CPU a call, resident KiB), and how many calls failed."""
    server = Server(args, "peal:" + args.mode, callee)
    try:
        caller = pinned("peers", [os.path.join(args.build, "blast"), "-t", str(server.port),
                                  "-n", str(args.rate * args.seconds), "-r", str(args.rate)], stdout=subprocess.PIPE)
        rows, began = [], time.monotonic()
        used, last = cpu_us(server.process.pid), began
        for number in range(1, args.seconds // STEP_S + 1):
            time.sleep(max(0.0, began + number * STEP_S - time.monotonic()))
            now, cpu = time.monotonic(), cpu_us(server.process.pid)
            rows.append((number * STEP_S, (cpu - used) / (args.rate * (now - last)), pss_kib(server.process.pid)))
            print("%6d s %10.1f us a call %10d KiB" % rows[-1], flush=True)
            used, last = cpu, now
        words = caller.communicate(timeout=120)[0].decode().split()
        return rows, int(words[words.index("failed") + 1])
    finally:
        end(server.process)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default=".")
    ap.add_argument("--rate", type=int, default=3000)
    ap.add_argument("--seconds", type=int, default=60)
    ap.add_argument("--mode", default="1")
    ap.add_argument("--burst", type=int, default=20000)
    args = ap.parse_args()
    callee_port = free_port()
    callee = pinned("peers", [os.path.join(args.build, "limit_uas"), "-p", str(callee_port)], stdout=subprocess.DEVNULL)
    failed = 0
    try:
        left = lingering(args, callee_port)
        print("%.2f KiB an ended call leaves: %.2f a lingering transaction, mean of its four" % (left, left / 4))
        if args.seconds:
            rows, failed = soak(args, callee_port)
            late = [r for r in rows if r[0] > FLAT_FROM_S]
            before = [r for r in rows if FLAT_FROM_S - 2 * STEP_S < r[0] <= FLAT_FROM_S]
            if late and before:
                print("after second %d to just before: CPU of a call %.3f, memory %.3f; %d calls failed" %
                      (FLAT_FROM_S, statistics.median(r[1] for r in late) / statistics.median(r[1] for r in before),
                       late[-1][2] / before[-1][2], failed))
    finally:
        end(callee)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
