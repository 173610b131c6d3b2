#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole calls between two SIPp: who hangs up, delayed offer, CANCEL, 3xx, re-INVITE."""
from flow_kit import FULL, run

CALLS = 100 if FULL else 10


def between(flow, uac, uas, pause_ms=50):
    callee = flow.sipp(uas, "-d", pause_ms, calls=CALLS)
    b2bua = flow.b2bua("--next-hop", callee.uri, "--t1-ms", 100)
    caller = flow.sipp(uac, "-r", 20, "-d", pause_ms, to=b2bua.address, calls=CALLS)
    caller.wait()
    callee.wait()
    b2bua.stop()


def caller_hangs_up(flow):
    between(flow, "uac", "uas")


def callee_hangs_up(flow):
    between(flow, "uac_waits", "uas_bye")


def delayed_offer(flow):
    between(flow, "uac_delayed", "uas_delayed")


def caller_cancels(flow):
    between(flow, "uac_cancel", "uas_cancel")


def moved(flow):
    between(flow, "uac_reject", "uas_reject")


def caller_reinvites(flow):
    between(flow, "uac_reinvite", "uas_reinvite")


if __name__ == "__main__":
    run([caller_hangs_up, callee_hangs_up, delayed_offer, caller_cancels, moved, caller_reinvites],
        ["3", "1", "polled"])
