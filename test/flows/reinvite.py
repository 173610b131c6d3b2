#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""re-INVITE both ways, refused, cancelled, and glare across the legs (RFC 3261 §14)."""
from flow_kit import SDP, Call, check, run

T1 = ("--t1-ms", 25)
HOLD = SDP + b"a=sendonly\r\n"


def reinvite(sender, receiver):
    """One full re-INVITE with bodies both ways."""
    sender.invite(body=HOLD)
    got = receiver.peer.expect("INVITE")
    check(got.body == HOLD and got.tag("To") == receiver.local_tag, "re-INVITE does not cross whole")
    receiver.peer.reply(got, 200, "OK", body=SDP + b"a=recvonly\r\n")
    ok = sender.peer.expect(200)
    check(ok.body.endswith(b"a=recvonly\r\n"), "answer of re-INVITE")
    sender.ack(ok)
    receiver.peer.expect("ACK")


def both_ways(flow):
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    for _ in range(3):
        reinvite(call.a, call.b)
        reinvite(call.b, call.a)
    call.end()
    b2bua.stop()


def refused(flow):
    """A refused re-INVITE leaves the call as it was (§14.1)."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    call.a.invite(body=HOLD)
    callee.reply(callee.expect("INVITE"), 488, "Not Acceptable Here", headers=[("X-Why", "hm")])
    callee.expect("ACK")
    final = caller.expect(488)
    check(final.get("X-Why") == "hm", "X-Why")
    call.a.ack(final)
    reinvite(call.b, call.a)
    call.end()
    b2bua.stop()


def glare(flow):
    """Both sides at once: each gets 491, and the call goes on."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    call.a.invite(body=HOLD)
    crossed = callee.expect("INVITE")
    call.b.invite(body=HOLD)
    mine = callee.expect(491)
    call.b.ack(mine)
    callee.reply(crossed, 491, "Request Pending")
    callee.expect("ACK")
    call.a.ack(caller.expect(491))
    reinvite(call.b, call.a)
    reinvite(call.a, call.b)
    call.end()
    b2bua.stop()


def cancelled(flow):
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    call.a.invite(body=HOLD)
    got = callee.expect("INVITE")
    callee.reply(got, 180, "Ringing")
    caller.expect(180)
    call.a.cancel()
    call.a.ack(caller.expect_any(200, 487)[487])
    callee.reply(callee.expect("CANCEL"), 200, "OK")
    callee.reply(got, 487, "Request Terminated")
    callee.expect("ACK")
    reinvite(call.b, call.a)
    call.end()
    b2bua.stop()


def cancel_crosses_offer(flow):
    """The CANCEL of a re-INVITE without offer crosses the 200 with one: nobody is left to answer it,
    so the callee gets ACK and BYE, and so does the caller's side end (§13.2.2.4)."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    for is_offered in (False, True):
        call.a.invite(body=b"" if is_offered else HOLD)
        got = callee.expect("INVITE")
        call.a.cancel()
        call.a.ack(caller.expect_any(200, 487)[487])
        callee.reply(got, 200, "OK", body=SDP)
        if is_offered:
            answers = callee.expect_any("ACK", "BYE")
            callee.reply(answers["BYE"], 200, "OK")
            caller.reply(caller.expect("BYE"), 200, "OK")
        else:
            callee.expect("ACK")
            reinvite(call.b, call.a)
    b2bua.stop()


def bye_crosses(flow):
    """BYE while a re-INVITE is open on the other side: both end."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    call.a.invite(body=HOLD)
    got = callee.expect("INVITE")
    call.b.send("BYE")
    callee.expect(200)
    callee.reply(got, 487, "Request Terminated")
    seen = set()
    while not {"BYE", "final"} <= seen:
        m = caller.expect("BYE", ignore=(100,)) if "final" in seen else caller.receive()
        check(m is not None, "the caller hears nothing: %s" % caller.log)
        if m.kind == "BYE":
            caller.reply(m, 200, "OK")
            seen.add("BYE")
        elif m.status >= 300:
            call.a.ack(m)
            seen.add("final")
    b2bua.stop()


def peer_lost_dialog(flow):
    """481 to a re-INVITE ends the dialog on both sides (§12.2.1.2)."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    call.a.invite(body=HOLD)
    callee.reply(callee.expect("INVITE"), 481, "Gone")
    callee.expect("ACK")
    call.a.ack(caller.expect(481))
    caller.reply(caller.expect("BYE"), 200, "OK")
    b2bua.stop()


if __name__ == "__main__":
    run([both_ways, refused, glare, cancelled, cancel_crosses_offer, bye_crosses, peer_lost_dialog], ["1", "3", "polled"])
