#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CANCEL at every moment (RFC 3261 §9), and what it crosses with."""
import re

from flow_kit import SDP, Dialog, check, run

T1 = ("--t1-ms", 25)


def start(flow, *options):
    b2bua, caller, callee = flow.trio(*T1, *options)
    a = Dialog(caller, b2bua.address)
    a.invite()
    return b2bua, caller, callee, a, callee.expect("INVITE")


def cancelled_here(caller, a):
    """The caller's side ends at once: 200 to the CANCEL, 487 to the INVITE."""
    got = caller.expect_any(200, 487, ignore=(100, 180))
    a.ack(got[487])


def while_ringing(flow):
    b2bua, caller, callee, a, invite = start(flow)
    callee.reply(invite, 180, "Ringing", tag="r")
    caller.expect(180)
    reasons = ["SIP;cause=200", 'Q.850;cause=16;text="a, b"']
    a.cancel(headers=[("Reason", r) for r in reasons] + [("Reason", 'X;text="folded"\r\n ;y=1')])
    cancelled_here(caller, a)
    cancel = callee.expect("CANCEL")
    check(cancel.branch == invite.branch, "CANCEL has another branch")
    crossed = re.sub(r"\s+;", ";", ", ".join(cancel.all("Reason")))
    check(crossed == ", ".join(reasons + ['X;text="folded";y=1']), "Reasons: " + crossed)
    callee.reply(cancel, 200, "OK", tag="r")
    callee.reply(invite, 487, "Request Terminated", tag="r")
    callee.expect("ACK")
    b2bua.stop()


def before_any_answer(flow):
    """§9.1: no CANCEL before a 1xx came; it is held until then."""
    b2bua, caller, callee, a, invite = start(flow)
    a.cancel()
    cancelled_here(caller, a)
    callee.nothing_before(b2bua)
    callee.reply(invite, 100, "Trying")
    cancel = callee.expect("CANCEL")
    callee.reply(cancel, 200, "OK", tag="r")
    callee.reply(invite, 487, "Request Terminated", tag="r")
    callee.expect("ACK")
    b2bua.stop()


def crossing_200(flow):
    """The callee answers while the CANCEL is on its way: he gets ACK and BYE, the caller 487."""
    b2bua, caller, callee, a, invite = start(flow)
    callee.reply(invite, 180, "Ringing", tag="r")
    caller.expect(180)
    a.cancel()
    cancelled_here(caller, a)
    cancel = callee.expect("CANCEL")
    callee.reply(invite, 200, "OK", tag="r", body=SDP)
    callee.reply(cancel, 200, "OK", tag="r")
    got = callee.expect_any("ACK", "BYE")
    callee.reply(got["BYE"], 200, "OK")
    b2bua.stop()


def held_then_200(flow):
    """A 200 is the first answer to an INVITE whose CANCEL is held: ACK and BYE."""
    b2bua, caller, callee, a, invite = start(flow)
    a.cancel()
    cancelled_here(caller, a)
    callee.reply(invite, 200, "OK", tag="r", body=SDP)
    got = callee.expect_any("ACK", "BYE")
    callee.reply(got["BYE"], 200, "OK")
    b2bua.stop()


def after_200(flow):
    """A CANCEL after the final response has no effect (§9.2): the call stands until BYE."""
    b2bua, caller, callee, a, invite = start(flow)
    callee.reply(invite, 200, "OK", tag="r", body=SDP)
    ok = caller.expect(200)
    a.cancel()
    caller.expect(200)
    a.ack(ok)
    callee.expect("ACK")
    a.send("BYE")
    callee.reply(callee.expect("BYE"), 200, "OK")
    caller.expect(200)
    b2bua.stop()


def callee_never_answers_cancel(flow):
    """The INVITE of a cancelled leg ends by itself after 64*T1 (§9.1)."""
    b2bua, caller, callee, a, invite = start(flow)
    callee.reply(invite, 180, "Ringing", tag="r")
    caller.expect(180)
    a.cancel()
    cancelled_here(caller, a)
    callee.expect("CANCEL")
    b2bua.stop()


def many_at_the_moment_of_the_answer(flow):
    """CANCEL and 200 as close as they get: never one leg up alone."""
    b2bua, caller, callee = flow.trio(*T1)
    for turn in range(20):
        a = Dialog(caller, b2bua.address)
        a.invite()
        invite = callee.expect("INVITE")
        callee.reply(invite, 180, "Ringing", tag="r%d" % turn)
        caller.expect(180)
        if turn % 2:
            a.cancel()
        callee.reply(invite, 200, "OK", tag="r%d" % turn, body=SDP)
        if not turn % 2:
            a.cancel()
        finish(caller, callee, a)
    b2bua.stop()


def finish(caller, callee, a):
    """Plays whatever comes until both sides are over; a 200 to the INVITE is answered by ACK and BYE."""
    caller_over = callee_over = False
    cancel_answered = False
    while not (caller_over and callee_over and cancel_answered):
        if not (caller_over and cancel_answered):
            m = caller.receive()
            check(m is not None, "caller waits in vain: %s" % caller.log[-8:])
            if m.kind == 487:
                a.ack(m)
                caller_over = True
            elif m.kind == 200 and m.method == "INVITE":
                a.ack(m)
                a.send("BYE")
            elif m.kind == 200 and m.method == "BYE":
                caller_over = True
            elif m.kind == 200:
                cancel_answered = True
        else:
            m = callee.receive()
            check(m is not None, "callee waits in vain: %s" % callee.log[-8:])
            if m.kind in ("BYE", "CANCEL"):
                callee.reply(m, 200, "OK", tag="c")
                callee_over = callee_over or m.kind == "BYE"


if __name__ == "__main__":
    run([while_ringing, before_any_answer, crossing_200, held_then_200, after_200,
         callee_never_answers_cancel, many_at_the_moment_of_the_answer], ["1", "polled", "3"])
