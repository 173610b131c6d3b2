#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The next hop forks the INVITE: early dialogs, several answers (RFC 3261 §13.2.2.4)."""
from flow_kit import SDP, Dialog, check, run

T1 = ("--t1-ms", 25)


def start(flow):
    b2bua, caller, callee = flow.trio(*T1)
    a = Dialog(caller, b2bua.address)
    a.invite()
    return b2bua, caller, callee, a, callee.expect("INVITE")


def ring(caller, callee, invite, tag):
    callee.reply(invite, 180, "Ringing", tag=tag, headers=[("X-Branch", tag)])
    got = caller.expect(180)
    check(got.get("X-Branch") == tag, "a 180 of another branch")
    return got.tag("To")


def early_dialogs(flow):
    """Each early dialog has a To tag of its own towards the caller; the answered one becomes the call."""
    b2bua, caller, callee, a, invite = start(flow)
    tags = [ring(caller, callee, invite, t) for t in ("one", "two", "three")]
    check(len(set(tags)) == 3, "early dialogs share To tags: %s" % tags)
    callee.reply(invite, 183, "Progress", tag="two")
    check(caller.expect(183).tag("To") == tags[1], "183 of the second branch has another To tag")
    callee.reply(invite, 200, "OK", tag="two", body=SDP)
    ok = caller.expect(200)
    check(ok.tag("To") == tags[1], "200 of the second branch has another To tag")
    a.ack(ok)
    check(callee.expect("ACK").tag("To") == "two", "ACK goes to another branch")
    a.send("BYE")
    bye = callee.expect("BYE")
    check(bye.tag("To") == "two", "BYE goes to another branch")
    callee.reply(bye, 200, "OK")
    caller.expect(200)
    b2bua.stop()


def second_answer(flow):
    """A second 2xx is acknowledged and ended; the first call stands."""
    b2bua, caller, callee, a, invite = start(flow)
    ring(caller, callee, invite, "one")
    ring(caller, callee, invite, "two")
    callee.reply(invite, 200, "OK", tag="one", body=SDP)
    ok = caller.expect(200)
    a.ack(ok)
    check(callee.expect("ACK").tag("To") == "one", "ACK")
    callee.reply(invite, 200, "OK", tag="two", body=SDP)
    got = callee.expect_any("ACK", "BYE")
    check(got["BYE"].tag("To") == "two" and got["ACK"].tag("To") == "two", "wrong branch ended")
    callee.reply(got["BYE"], 200, "OK")
    callee.reply(invite, 200, "OK", tag="late", body=SDP)
    got = callee.expect_any("ACK", "BYE")
    check(got["BYE"].tag("To") == "late", "a late answer is not ended")
    callee.reply(got["BYE"], 200, "OK")
    a.send("BYE")
    bye = callee.expect("BYE")
    check(bye.tag("To") == "one", "the call does not stand")
    callee.reply(bye, 200, "OK")
    caller.expect(200)
    b2bua.stop()


def all_refused(flow):
    """A final negative response ends all early dialogs."""
    b2bua, caller, callee, a, invite = start(flow)
    ring(caller, callee, invite, "one")
    ring(caller, callee, invite, "two")
    callee.reply(invite, 486, "Busy Here", tag="one")
    callee.expect("ACK")
    a.ack(caller.expect(486))
    b2bua.stop()


def cancelled(flow):
    b2bua, caller, callee, a, invite = start(flow)
    for tag in ("one", "two", "three"):
        ring(caller, callee, invite, tag)
    a.cancel()
    a.ack(caller.expect_any(200, 487)[487])
    callee.reply(callee.expect("CANCEL"), 200, "OK", tag="one")
    callee.reply(invite, 487, "Request Terminated", tag="one")
    callee.expect("ACK")
    b2bua.stop()


def many(flow):
    """More branches than the program keeps: nothing is lost but those too many."""
    b2bua, caller, callee, a, invite = start(flow)
    for number in range(40):
        callee.reply(invite, 180, "Ringing", tag="t%d" % number)
    callee.reply(invite, 200, "OK", tag="t3", body=SDP)
    ok = caller.expect(200, ignore=(100, 180))
    a.ack(ok)
    check(callee.expect("ACK").tag("To") == "t3", "ACK")
    a.send("BYE")
    callee.reply(callee.expect("BYE"), 200, "OK")
    caller.expect(200)
    b2bua.stop()


def byes(callee, invite, prefix, count):
    """So many dialogs get a BYE when 2xx with ever new tags come."""
    ended = set()
    for number in range(count):
        callee.reply(invite, 200, "OK", tag="%s%d" % (prefix, number), body=SDP)
    while True:
        m = callee.receive(0.3)
        if m is None:
            return len([tag for tag in ended if tag.startswith(prefix)])
        if m.kind == "BYE":
            callee.reply(m, 200, "OK")
            ended.add(m.tag("To"))


def invented_tags(flow):
    """2xx with ever new tags: the first ones are ended, and there is an end to it."""
    b2bua, caller, callee, a, invite = start(flow)
    callee.reply(invite, 200, "OK", tag="one", body=SDP)
    a.ack(caller.expect(200))
    callee.expect("ACK")
    check(byes(callee, invite, "x", 60) == 32, "BYEs while the call is up")
    a.send("BYE")
    callee.reply(callee.expect("BYE"), 200, "OK")
    caller.expect(200)
    b2bua.stop()


def invented_tags_after_cancel(flow):
    """The same when nobody waits for an answer any more."""
    b2bua, caller, callee, a, invite = start(flow)
    ring(caller, callee, invite, "one")
    a.cancel()
    caller.expect_any(200, 487)
    callee.reply(callee.expect("CANCEL"), 200, "OK")
    check(0 < byes(callee, invite, "x", 60) <= 34, "BYEs after CANCEL")
    b2bua.stop()


if __name__ == "__main__":
    run([early_dialogs, second_answer, all_refused, cancelled, many, invented_tags,
         invented_tags_after_cancel], ["polled", "1", "3"])
