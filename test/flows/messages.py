#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What crosses from leg to leg and what does not: headers, bodies, dialog identities, Max-Forwards."""
from flow_kit import SDP, Call, Dialog, check, run

T1 = ("--t1-ms", 25)
STRANGE = bytes(range(256)) * 3


def legs_are_apart(flow):
    """Each leg has its own Call-ID, tags, Via and Contact; the names stay."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    check(call.invite.get("Call-ID") != call.a.call_id, "Call-ID crosses")
    check(call.invite.tag("From") != call.a.local_tag, "From tag crosses")
    check(call.ringing.tag("To") != call.b.local_tag, "To tag crosses")
    check(len(call.invite.all("Via")) == 1, "Via crosses")
    check(str(caller.port) not in call.invite.contact(), "Contact crosses")
    check(str(callee.port) not in call.ok.contact(), "Contact of the answer crosses")
    check(call.invite.get("From").startswith("<%s>" % caller.uri), "From: " + call.invite.get("From"))
    check(call.invite.uri == "sip:bob@127.0.0.1:%d" % callee.port, "target: " + call.invite.uri)
    check(call.invite.get("Max-Forwards") == "69", "Max-Forwards")
    check(call.ok.tag("To") == call.ringing.tag("To"), "two To tags for one dialog")
    call.end()
    b2bua.stop()


def headers_cross(flow):
    b2bua, caller, callee = flow.trio(*T1)
    mine = [("Subject", "a  subject"), ("Priority", "urgent"), ("X-One", "1"), ("X-One", "2"),
            ("Date", "Sat, 13 Nov 2010 23:29:00 GMT"), ("Alert-Info", "<http://www.example.com/x>"),
            ("Allow", "INVITE, ACK, BYE, UPDATE, PRACK, INFO"), ("Supported", "100rel, timer, early-session"),
            ("Session-Expires", "1800"), ("x", "1800"), ("P-Asserted-Identity", "<sip:x@y>"),
            ("User-Agent", "alice's"), ("Reply-To", "<sip:a@b>")]
    call = Call(b2bua, caller, callee, invite={"headers": mine},
                answer={"headers": [("X-Two", "from bob"), ("Server", "bob's"),
                                    ("Content-Disposition", "session")]})
    got = call.invite
    for name in ("Subject", "Priority", "Date", "Alert-Info", "Reply-To"):
        check(got.get(name) == dict(mine)[name], "%s: %s" % (name, got.get(name)))
    check(got.all("X-One") == ["1", "2"], "X-One: %s" % got.all("X-One"))
    for name in ("Session-Expires", "x", "P-Asserted-Identity"):
        check(got.get(name) is None, name + " crosses")
    check(got.get("Supported") == "early-session", "Supported: %s" % got.get("Supported"))
    check("UPDATE" not in got.get("Allow") and "PRACK" not in got.get("Allow"), "Allow crosses whole")
    check("INFO" in got.get("Allow"), "Allow loses INFO")
    check(got.get("User-Agent") != "alice's" and call.ok.get("Server") != "bob's", "topology shows")
    check(call.ok.get("X-Two") == "from bob", "X-Two is lost")
    check(call.ok.get("Content-Disposition") == "session", "Content-Disposition is lost")
    call.end()
    b2bua.stop()


def contacts_that_lead_nowhere(flow):
    """A name without a resolver, a transport that is not built in, no SIP at all: the dialog's requests
    go the way of its INVITE, and no call stays up at one end."""
    b2bua, caller, callee = flow.trio(*T1)
    for contact in ("sip:x@host.invalid", "sip:x@127.0.0.1;transport=tcp", "tel:+123", "sip:x@0.0.0.0"):
        call = Call(b2bua, caller, callee, answer={"contact": contact})
        check(call.ack.uri == contact, "ACK to " + call.ack.uri)
        call.end()
        a = Dialog(caller, b2bua.address)
        a.peer = MovedPeer(caller, contact)
        a.invite()
        invite = callee.expect("INVITE")
        b = Dialog.called(callee, invite, "b")
        callee.reply(invite, 200, "OK", tag="b", body=SDP)
        a.ack(caller.expect(200))
        callee.expect("ACK")
        b.send("BYE")
        callee.expect(200)
        bye = caller.expect("BYE")
        check(bye.uri == contact, "BYE to " + bye.uri)
        caller.reply(bye, 200, "OK")
    b2bua.stop()


def broken_record_route_in_answer(flow):
    """It must not leave the callee without ACK and the caller without an answer."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee, answer={"headers": [("Record-Route", "<<<;;")]})
    check(call.ack.uri == callee.uri, "ACK to " + call.ack.uri)
    call.end()
    b2bua.stop()


class MovedPeer:
    """A peer that names another Contact than its own address."""

    def __init__(self, peer, uri):
        self.peer, self.uri = peer, uri

    def __getattr__(self, name):
        return getattr(self.peer, name)


def folded_header(flow):
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee, invite={"headers": [("Subject", "one\r\n  two")]})
    check(" ".join(call.invite.get("Subject").split()) == "one two",
          "Subject: %r" % call.invite.get("Subject"))
    call.end()
    b2bua.stop()


def bodies_cross(flow):
    """Every octet of a body crosses, in INVITE, 2xx, ACK, and in-dialog requests."""
    b2bua, caller, callee = flow.trio(*T1)
    a = Dialog(caller, b2bua.address)
    a.invite(body=STRANGE, content_type="application/octet-stream",
             headers=[("Content-Encoding", "x-odd"), ("MIME-Version", "1.0")])
    invite = callee.expect("INVITE")
    check(invite.body == STRANGE, "body of INVITE")
    check(invite.get("Content-Type") == "application/octet-stream", "Content-Type")
    check(invite.get("Content-Encoding") == "x-odd", "Content-Encoding")
    b = Dialog.called(callee, invite)
    callee.reply(invite, 183, "Progress", tag=b.local_tag, body=STRANGE[5:])
    check(caller.expect(183).body == STRANGE[5:], "body of 183")
    callee.reply(invite, 200, "OK", tag=b.local_tag, body=STRANGE[9:])
    ok = caller.expect(200)
    check(ok.body == STRANGE[9:], "body of 200")
    a.ack(ok, body=STRANGE[13:])
    check(callee.expect("ACK").body == STRANGE[13:], "body of ACK")
    a.send("INFO", body=STRANGE[17:], content_type="application/dtmf")
    info = callee.expect("INFO")
    check(info.body == STRANGE[17:] and info.get("Content-Type") == "application/dtmf", "INFO")
    callee.reply(info, 200, "OK", body=STRANGE[21:])
    check(caller.expect(200).body == STRANGE[21:], "body of INFO's 200")
    b.send("BYE", headers=[("Reason", 'Q.850;cause=16;text="bye"')])
    callee.expect(200)
    bye = caller.expect("BYE")
    check(bye.get("Reason") == 'Q.850;cause=16;text="bye"', "Reason of BYE")
    caller.reply(bye, 200, "OK")
    b2bua.stop()


def requests_in_dialog(flow):
    """INFO, MESSAGE and an unknown method cross both ways with their answers; UPDATE gets 405."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    for sender, receiver in ((call.a, call.b), (call.b, call.a)):
        for method in ("INFO", "MESSAGE", "STRANGE", "OPTIONS"):
            sender.send(method, headers=[("X-Way", "there")])
            got = receiver.peer.expect(method)
            check(got.get("X-Way") == "there", "header of " + method)
            receiver.peer.reply(got, 488, "Not here", headers=[("X-Way", "back")])
            check(sender.peer.expect(488).get("X-Way") == "back", "answer of " + method)
        sender.send("UPDATE", body=SDP)
        check("INFO" in sender.peer.expect(405).get("Allow"), "Allow of 405")
        sender.send("PRACK", headers=[("RAck", "1 1 INVITE")])
        check("INFO" in (sender.peer.expect(405).get("Allow") or ""), "Allow of PRACK's 405")
        sender.send("INFO", max_forwards=0)
        sender.peer.expect(483)
    call.end()
    b2bua.stop()


def options_required_in_dialog(flow):
    """Require inside the dialog: 420 with what is not understood, and nothing crosses (§8.2.2.3)."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    for sender in (call.a, call.b):
        for method in ("INFO", "INVITE", "BYE"):
            request = sender.send(method, headers=[("Require", "foo, early-session, bar")])
            final = sender.peer.expect(420)
            check(final.get("Unsupported") == "foo, bar", "Unsupported of %s: %s" % (method, final.data))
            if method == "INVITE":
                sender.invite_request = request
                sender.ack(final)
    call.a.send("INFO", headers=[("Require", "early-session")])
    info = callee.expect("INFO")
    check(info.get("Require") == "early-session", "a known option does not cross")
    callee.reply(info, 200, "OK")
    caller.expect(200)
    call.end()
    b2bua.stop()


def bad_max_forwards_in_dialog(flow):
    """A malformed Max-Forwards gets 400 (§20.22); none at all is 70 (§16.6)."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    for bad in ("abc", "-1", "256", "4294967296", ""):
        for method in ("INFO", "INVITE"):
            request = call.a.send(method, max_forwards=bad)
            final = caller.expect(400)
            if method == "INVITE":
                call.a.invite_request = request
                call.a.ack(final)
    bare = call.a.build("INFO")
    caller.send(bare.data.replace(b"Max-Forwards: 70\r\n", b""), b2bua.address)
    info = callee.expect("INFO")
    check(info.get("Max-Forwards") == "70", "Max-Forwards: %s" % info.get("Max-Forwards"))
    callee.reply(info, 200, "OK")
    caller.expect(200)
    call.end()
    b2bua.stop()


def open_requests_have_a_limit(flow):
    """16 requests of a call may be on their way; further ones get 500 with Retry-After."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    for _ in range(2):
        for _ in range(20):
            call.a.send("INFO")
        for _ in range(4):
            final = caller.expect(500)
            check(int(final.get("Retry-After")) > 0, "500 without Retry-After")
        infos = [callee.expect("INFO") for _ in range(16)]
        for info in infos[1::2] + infos[::2]:
            callee.reply(info, 200, "OK")
        for _ in infos:
            caller.expect(200)
    call.end()
    b2bua.stop()


def early_info(flow):
    """INFO while it rings goes to the ringing side; BYE of the caller ends the early dialog."""
    b2bua, caller, callee = flow.trio(*T1)
    a = Dialog(caller, b2bua.address)
    a.invite()
    invite = callee.expect("INVITE")
    callee.reply(invite, 180, "Ringing", tag="r")
    a.learn(caller.expect(180))
    a.send("INFO")
    info = callee.expect("INFO")
    callee.reply(info, 200, "OK")
    caller.expect(200)
    a.send("BYE")
    got = caller.expect_any(200, 487)
    a.ack(got[487])
    cancel = callee.expect("CANCEL")
    callee.reply(cancel, 200, "OK", tag="r")
    callee.reply(invite, 487, "Request Terminated", tag="r")
    callee.expect("ACK")
    b2bua.stop()


def request_open_at_bye(flow):
    """The dialog ends while a request of it is on its way (RFC 3261 §15.1.2)."""
    b2bua, caller, callee = flow.trio(*T1)
    for ends_it in ("caller", "callee"):
        call = Call(b2bua, caller, callee)
        call.a.send("INFO")
        callee.expect("INFO")
        if ends_it == "caller":
            call.a.send("BYE")
            finals = caller.expect_any(200, 487)
            check(finals[487].method == "INFO", "487 to " + finals[487].method)
            callee.reply(callee.expect("BYE"), 200, "OK")
        else:
            call.b.send("BYE")
            callee.expect(200)
            got = caller.expect_any("BYE", 481)
            check(got[481].method == "INFO", "481 to " + got[481].method)
            caller.reply(got["BYE"], 200, "OK")
    b2bua.stop()
    check(not b2bua.complaints(), b2bua.complaints())


if __name__ == "__main__":
    run([legs_are_apart, headers_cross, folded_header, contacts_that_lead_nowhere,
         broken_record_route_in_answer, bodies_cross, requests_in_dialog,
         options_required_in_dialog, bad_max_forwards_in_dialog, open_requests_have_a_limit,
         early_info, request_open_at_bye],
        ["polled", "3", "1"])
