#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several next hops in turn, and what is not a reason to go on."""
from flow_kit import SDP, Dialog, check, free_port, run

T1 = ("--t1-ms", 25)


def start(flow, hops, *options):
    args = [x for h in hops for x in ("--next-hop", "sip:127.0.0.1:%d" % h)]
    b2bua = flow.b2bua(*args, *T1, *options)
    caller = flow.peer("alice")
    a = Dialog(caller, b2bua.address)
    a.invite()
    return b2bua, caller, a


def complete(caller, callee, a, invite, tag="ok"):
    """The call comes up with this hop, and ends."""
    callee.reply(invite, 200, "OK", tag=tag, body=SDP)
    ok = caller.expect(200, ignore=(100, 180))
    a.ack(ok)
    callee.expect("ACK")
    a.send("BYE")
    callee.reply(callee.expect("BYE"), 200, "OK")
    caller.expect(200)
    return ok


def after_status(flow):
    """500, 502, 503 and 504 move on, each time to the next hop, and the caller hears nothing."""
    hops = [flow.peer("hop%d" % i) for i in range(5)]
    b2bua, caller, a = start(flow, [h.port for h in hops])
    for hop, status in zip(hops, (500, 502, 503, 504)):
        invite = hop.expect("INVITE")
        hop.reply(invite, status, "No", tag="n")
        hop.expect("ACK")
    complete(caller, hops[4], a, hops[4].expect("INVITE"))
    b2bua.stop()


def last_status_is_relayed(flow):
    first, last = flow.peer("first"), flow.peer("last")
    b2bua, caller, a = start(flow, [first.port, last.port])
    first.reply(first.expect("INVITE"), 503, "Busy", tag="n")
    first.expect("ACK")
    last.reply(last.expect("INVITE"), 503, "Busy too", tag="n", headers=[("Retry-After", "7")])
    last.expect("ACK")
    final = caller.expect(503)
    check(final.get("Retry-After") == "7", "Retry-After is lost")
    a.ack(final)
    b2bua.stop()


def others_do_not_move_on(flow):
    """4xx, 501 and 6xx are the callee's answer: relayed at once."""
    first, second = flow.peer("first"), flow.peer("second")
    b2bua, caller, a = start(flow, [first.port, second.port])
    for status in (404, 486, 501, 603, 407):
        first.reply(first.expect("INVITE"), status, "No", tag="n%d" % status,
                    headers=[("X-Why", str(status))])
        first.expect("ACK")
        final = caller.expect(status)
        check(final.get("X-Why") == str(status), "X-Why")
        a.ack(final)
        if status != 407:
            a = Dialog(caller, b2bua.address)
            a.invite()
    second.nothing_before(b2bua)
    b2bua.stop()


def after_silence(flow):
    """No answer at all within the time moves on; the late 200 of the first hop gets ACK and BYE."""
    silent, second = flow.peer("silent"), flow.peer("second")
    b2bua, caller, a = start(flow, [silent.port, second.port], "--try-timeout-ms", 200)
    late = silent.expect("INVITE")
    complete(caller, second, a, second.expect("INVITE"))
    silent.reply(late, 200, "OK", tag="late", body=SDP)
    got = silent.expect_any("ACK", "BYE")
    silent.reply(got["BYE"], 200, "OK")
    b2bua.stop()


def late_ringing(flow):
    """A late 180 of a hop that was given up is cancelled, and not shown to the caller."""
    silent, second = flow.peer("silent"), flow.peer("second")
    b2bua, caller, a = start(flow, [silent.port, second.port], "--try-timeout-ms", 200)
    late = silent.expect("INVITE")
    invite = second.expect("INVITE")
    silent.reply(late, 180, "Ringing", tag="late")
    cancel = silent.expect("CANCEL")
    silent.reply(cancel, 200, "OK", tag="late")
    silent.reply(late, 487, "Request Terminated", tag="late")
    silent.expect("ACK")
    second.reply(invite, 486, "Busy", tag="b")
    second.expect("ACK")
    a.ack(caller.expect(486))
    b2bua.stop()


def trying_is_not_silence(flow):
    """A hop that said 100 is waited for."""
    first, second = flow.peer("first"), flow.peer("second")
    b2bua, caller, a = start(flow, [first.port, second.port], "--try-timeout-ms", 150)
    invite = first.expect("INVITE")
    first.reply(invite, 100, "Trying")
    check(second.receive(limit_s=0.5) is None, "the second hop is asked")
    complete(caller, first, a, invite)
    b2bua.stop()


def after_refusal(flow):
    """Nobody listens at the first hop (ICMP port unreachable)."""
    second = flow.peer("second")
    b2bua, caller, a = start(flow, [free_port(), second.port], "--try-timeout-ms", 5000)
    complete(caller, second, a, second.expect("INVITE", limit_s=4))
    b2bua.stop()


def nobody_there(flow):
    """All hops silent: the caller gets a final answer by the transaction's time-out."""
    silent = flow.peer("silent")
    b2bua, caller, a = start(flow, [silent.port])
    silent.expect("INVITE")
    a.ack(caller.expect(408))
    b2bua.stop()


def after_ringing_only_503(flow):
    """Once it rang only 503 and time-out move on, with another To tag towards the caller."""
    first, second = flow.peer("first"), flow.peer("second")
    b2bua, caller, a = start(flow, [first.port, second.port])
    invite = first.expect("INVITE")
    first.reply(invite, 180, "Ringing", tag="one")
    ringing = caller.expect(180)
    first.reply(invite, 503, "Gone", tag="one")
    first.expect("ACK")
    invite = second.expect("INVITE")
    second.reply(invite, 180, "Ringing", tag="two")
    again = caller.expect(180)
    check(again.tag("To") != ringing.tag("To"), "the second hop has the first one's To tag")
    ok = complete(caller, second, a, invite, tag="two")
    check(ok.tag("To") == again.tag("To"), "the 200 has a To tag of its own")
    b2bua.stop()


def after_many_forks(flow):
    """A hop that forked into more branches than are kept, and then says 503: the next one is asked."""
    first, second = flow.peer("first"), flow.peer("second")
    b2bua, caller, a = start(flow, [first.port, second.port])
    invite = first.expect("INVITE")
    for number in range(40):
        first.reply(invite, 183, "Progress", tag="t%d" % number)
    first.reply(invite, 503, "Gone", tag="t1")
    first.expect("ACK")
    invite = second.expect("INVITE")
    for number in range(5):
        second.reply(invite, 180, "Ringing", tag="s%d" % number)
    for _ in range(5):
        caller.expect(180, ignore=(100, 183))
    second.reply(invite, 200, "OK", tag="s3", body=SDP)
    a.ack(caller.expect(200))
    check(second.expect("ACK").tag("To") == "s3", "ACK")
    a.send("BYE")
    second.reply(second.expect("BYE"), 200, "OK")
    caller.expect(200)
    b2bua.stop()


def after_ringing_not_500(flow):
    first, second = flow.peer("first"), flow.peer("second")
    b2bua, caller, a = start(flow, [first.port, second.port])
    invite = first.expect("INVITE")
    first.reply(invite, 180, "Ringing", tag="one")
    caller.expect(180)
    first.reply(invite, 500, "No", tag="one")
    first.expect("ACK")
    a.ack(caller.expect(500))
    second.nothing_before(b2bua)
    b2bua.stop()


def cancel_between_hops(flow):
    """CANCEL while the second hop is asked and the first is still silent: both end."""
    silent, second = flow.peer("silent"), flow.peer("second")
    b2bua, caller, a = start(flow, [silent.port, second.port], "--try-timeout-ms", 150)
    silent.expect("INVITE")
    invite = second.expect("INVITE")
    second.reply(invite, 180, "Ringing", tag="r")
    caller.expect(180)
    a.cancel()
    a.ack(caller.expect_any(200, 487)[487])
    second.reply(second.expect("CANCEL"), 200, "OK", tag="r")
    second.reply(invite, 487, "Request Terminated", tag="r")
    second.expect("ACK")
    b2bua.stop()


if __name__ == "__main__":
    run([after_status, last_status_is_relayed, others_do_not_move_on, after_silence, late_ringing,
         trying_is_not_silence, after_refusal, nobody_there, after_ringing_only_503,
         after_many_forks, after_ringing_not_500, cancel_between_hops], ["3", "polled", "1"])
