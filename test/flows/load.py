#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""200 calls a second between two SIPp: no failed call, no unexpected message, census quiet, and memory
that does not grow from the first batch to the second (full tier: 10,000 calls each)."""
import time

from flow_kit import FULL, PATIENCE, check, run, until

CALLS = 10000 if FULL else 300
RATE = 200 if PATIENCE == 1 else 50
# A machine that pauses for longer than T1 makes an INVITE come twice; SIPp as callee would give the call up.
TOLERANT = ("-default_behaviors", "all,-abortunexp")


def batch(flow, b2bua, callee_port):
    callee = flow.sipp("uas", *TOLERANT, port=callee_port, calls=CALLS)
    caller = flow.sipp("uac", "-r", RATE, "-d", 200, "-l", 5000, to=b2bua.address, calls=CALLS)
    limit = CALLS / RATE + 60 * PATIENCE
    caller.wait(limit)
    callee.wait(limit)
    for side in (caller, callee):
        counts = side.counts()
        check(int(counts["SuccessfulCall(C)"]) == CALLS, "calls: " + counts["SuccessfulCall(C)"])
        check(int(counts["FailedUnexpectedMessage(C)"]) == 0, "unexpected messages")
    return callee.port


def settled_kib(b2bua):
    """Resident memory after the census is quiet, once pools have given back what nobody needed: what
    lay idle for a second goes, and a thread that sleeps looks every eight seconds."""
    b2bua.wait_quiet(45 * PATIENCE)
    sizes = []

    def is_settled():
        sizes.append(b2bua.rss_kib())
        time.sleep(0.5)
        return len(sizes) > 20 and len(set(sizes[-20:])) == 1
    until(is_settled, "memory does not settle: %s" % sizes, 60)
    return sizes[-1]


def two_batches(flow):
    first = flow.sipp("uas")
    port = first.port
    first.kill()
    b2bua = flow.b2bua("--next-hop", "sip:127.0.0.1:%d" % port)
    port = batch(flow, b2bua, port)
    before = settled_kib(b2bua) if FULL else None
    port = batch(flow, b2bua, port)
    if FULL:
        after = settled_kib(b2bua)
        print("     resident %d KiB after the first %d calls, %d KiB after the second"
              % (before, CALLS, after))
        check(after <= before * 1.01, "resident memory grows from %d to %d KiB" % (before, after))
    else:
        b2bua.wait_quiet(45 * PATIENCE)
    b2bua.stop()


if __name__ == "__main__":
    run([two_batches] if FULL else [two_batches] * 3, ["3", "1", "polled"], at_once=1 if FULL else 3)
