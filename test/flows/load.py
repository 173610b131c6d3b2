#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""200 calls a second between two SIPp: no failed call, no unexpected message, census quiet, and memory
that does not grow from the first batch to the second (full tier: 10,000 calls each)."""
from flow_kit import FULL, PATIENCE, check, run

CALLS = 10000 if FULL else 300
RATE = 200 if PATIENCE == 1 else 50


def batch(flow, b2bua, callee_port):
    callee = flow.sipp("uas", port=callee_port, calls=CALLS)
    caller = flow.sipp("uac", "-r", RATE, "-d", 200, "-l", 5000, to=b2bua.address, calls=CALLS)
    limit = CALLS / RATE + 60 * PATIENCE
    caller.wait(limit)
    callee.wait(limit)
    counts = caller.counts()
    check(int(counts["SuccessfulCall(C)"]) == CALLS, "calls: " + counts["SuccessfulCall(C)"])
    check(int(counts["FailedUnexpectedMessage(C)"]) == 0, "unexpected messages")
    b2bua.wait_quiet(45 * PATIENCE)
    return callee.port, b2bua.rss_kib()


def two_batches(flow):
    first = flow.sipp("uas")
    port = first.port
    first.kill()
    # A repeated INVITE makes SIPp give a call up, so T1 must outlast a hiccup of the machine.
    timing = () if FULL else ("--t1-ms", 200)
    b2bua = flow.b2bua("--next-hop", "sip:127.0.0.1:%d" % port, *timing)
    port, before = batch(flow, b2bua, port)
    port, after = batch(flow, b2bua, port)
    print("     resident %d KiB after the first %d calls, %d KiB after the second"
          % (before, CALLS, after))
    if FULL:
        check(after <= before * 1.01, "resident memory grows from %d to %d KiB" % (before, after))
    b2bua.stop()


if __name__ == "__main__":
    run([two_batches] if FULL else [two_batches] * 3, ["3", "1", "polled"], at_once=1)
