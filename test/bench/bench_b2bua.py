#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPU and memory of one bridged call: peal-b2bua beside a bare datagram relay of the same messages.

  bench_b2bua.py [--build DIR] [--calls N] [--window W] [--rounds R] [--modes 1,3,polled] [--hold N]
                 [--spread] [--peer NAME=COMMAND ...]

Each round starts a fresh server of every kind on core 0; the caller (blast) and the callee (limit-uas) run on core
1. With --spread all of them may use both cores: what several threads are for shows only there. A COMMAND of --peer
is another B2BUA or proxy to measure in the same rounds; {port} and {callee} in it are replaced. A mode with +record
behind it (1+record) records its run. Figures are the median of the rounds; the ratio is to the relay (the floor: it
only moves datagrams).
Traffic stays on 127.0.0.1 and every process started here is ended here.
"""
import argparse
import os
import re
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_us(pid):
    """Microseconds of CPU that the process has used, by the scheduler's clock, all threads."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
            total += int(f.read().split()[0])
    return total / 1000


def pss_kib(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


CORES = {"server": "0", "peers": "1"}


def pinned(who, command, **kw):
    return subprocess.Popen(["taskset", "-c", CORES[who]] + command, stdin=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, **kw)


def end(process):
    if process and process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Server:
    """One server under test, pinned to core 0."""

    def __init__(self, args, kind, callee):
        self.kind = kind
        tool = os.path.join(args.build, "")
        if kind == "relay":
            self.port = free_port()
            command = [tool + "limit_relay", "-p", str(self.port), "-t", str(callee)]
        elif kind.startswith("peal:"):
            self.port = 0
            mode, _, extra = kind[5:].partition("+")
            command = [tool + "peal-b2bua", "--listen", "udp:127.0.0.1:0", "--next-hop",
                       "sip:127.0.0.1:%d" % callee, "--threads", mode, "--max-calls", "200000"]
            if extra == "record":
                self.folder = tempfile.TemporaryDirectory()
                command += ["--record", os.path.join(self.folder.name, "run")]
        else:
            self.port = free_port()
            command = shlex.split(args.peers[kind].format(port=self.port, callee=callee))
        self.process = pinned("server", command, stdout=subprocess.PIPE)
        if self.port == 0:
            ready = self.process.stdout.readline().decode()
            self.port = int(re.search(r"ready udp:127\.0\.0\.1:(\d+)", ready).group(1))
        else:
            self.wait_bound()

    def wait_bound(self):
        want = ":%04X" % self.port
        for _ in range(500):
            with open("/proc/net/udp") as f:
                if want in f.read():
                    return
            time.sleep(0.01)
        raise RuntimeError("%s does not listen" % self.kind)


def blast(args, port, extra):
    out = subprocess.run(["taskset", "-c", CORES["peers"], os.path.join(args.build, "blast"), "-t", str(port)] + extra,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=300).stdout.decode()
    words = out[out.index("blast:"):].split()
    return {words[i]: float(words[i + 1]) for i in range(1, len(words) - 1)
            if words[i] in ("done", "failed", "retrans", "cps", "p50", "p99")}


def one_round(args, kind, callee):
    server = Server(args, kind, callee)
    try:
        blast(args, server.port, ["-n", str(args.calls // 4), "-w", str(args.window)])
        before = cpu_us(server.process.pid)
        result = blast(args, server.port, ["-n", str(args.calls), "-w", str(args.window)])
        result["us"] = (cpu_us(server.process.pid) - before) / max(1, result["done"])
        return result
    finally:
        end(server.process)


def hold(args, kind, callee):
    """KiB of memory a held call, early (INVITE transactions linger) and after they ended."""
    server = Server(args, kind, callee)
    try:
        blast(args, server.port, ["-n", "500", "-w", "16"])
        time.sleep(1)
        base = pss_kib(server.process.pid)
        caller = pinned("peers", [os.path.join(args.build, "blast"), "-t", str(server.port),
                                  "-n", str(args.hold), "-r", "1000", "-H", "42"],
                        stdout=subprocess.PIPE)
        caller.stdout.readline()
        time.sleep(1)
        early = pss_kib(server.process.pid)
        time.sleep(38)
        late = pss_kib(server.process.pid)
        caller.communicate(timeout=120)
        return (early - base) / args.hold, (late - base) / args.hold
    finally:
        end(server.process)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default=".")
    ap.add_argument("--calls", type=int, default=10000)
    ap.add_argument("--window", type=int, default=16)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--modes", default="1,3,polled")
    ap.add_argument("--hold", type=int, default=0)
    ap.add_argument("--spread", action="store_true")
    ap.add_argument("--peer", action="append", default=[])
    args = ap.parse_args()
    args.peers = dict(p.split("=", 1) for p in args.peer)
    kinds = ["relay"] + ["peal:" + m for m in args.modes.split(",")] + list(args.peers)
    callee_port = free_port()
    if args.spread:
        CORES.update(server="0,1", peers="0,1")
    callee = pinned("peers", [os.path.join(args.build, "limit_uas"), "-p", str(callee_port)], stdout=subprocess.DEVNULL)
    bad = 0
    try:
        results = {k: [] for k in kinds}
        for _ in range(args.rounds):
            for kind in kinds:
                results[kind].append(one_round(args, kind, callee_port))
        floor = statistics.median(r["us"] for r in results["relay"])
        print("%-14s %12s %10s %8s %8s" % ("server", "CPU us/call", "calls/s", "ratio", "failed"))
        for kind in kinds:
            us = statistics.median(r["us"] for r in results[kind])
            cps = statistics.median(r["cps"] for r in results[kind])
            failed = sum(r["failed"] for r in results[kind])
            bad += failed if kind.startswith("peal") else 0
            print("%-14s %12.1f %10.0f %8.2f %8d" % (kind, us, cps, us / floor, failed), flush=True)
        if args.hold:
            for kind in kinds[1:]:
                early, late = hold(args, kind, callee_port)
                print("%-14s %.2f KiB a held call while INVITE transactions linger, %.2f after" % (kind, early, late))
    finally:
        end(callee)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
