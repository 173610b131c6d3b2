#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests that are no good get the answer RFC 3261 gives them; OPTIONS is answered."""
from flow_kit import SDP, Call, Dialog, check, encode, run, token

T1 = ("--t1-ms", 25)


def ask(peer, b2bua, method, uri="sip:bob@127.0.0.1", to="<sip:bob@127.0.0.1>", cseq=None, headers=(),
        max_forwards=70, body=b"", version="SIP/2.0", drop=(), branch=None, call_id=None, tag=None):
    fixed = [("Via", "SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s" % (peer.port, branch or token())),
             ("From", "<sip:t@test>;tag=" + (tag or token())), ("To", to),
             ("Call-ID", call_id or token()), ("CSeq", cseq or "1 " + method),
             ("Max-Forwards", max_forwards), ("Contact", "<%s>" % peer.uri)]
    fixed = [h for h in fixed if h[0] not in drop] + list(headers)
    peer.send(encode("%s %s %s" % (method, uri, version), fixed, body), b2bua.address)


def refused(flow):
    b2bua, peer, _ = flow.trio(*T1)

    def answer(status, *args, **more):
        ask(peer, b2bua, *args, **more)
        got = peer.expect(status)
        check(";tag=" in got.get("To"), "no To tag in %s" % got.start)
        return got

    answer(481, "BYE", to="<sip:bob@127.0.0.1>;tag=nothing")
    answer(481, "INFO", to="<sip:bob@127.0.0.1>;tag=nothing")
    answer(481, "CANCEL")
    check("INVITE" in answer(405, "REGISTER").get("Allow"), "Allow of 405")
    check("MESSAGE" not in answer(405, "MESSAGE").get("Allow"), "Allow of 405 to MESSAGE")
    answer(501, "STRANGE")
    check(answer(420, "INVITE", headers=[("Require", "100rel, nonsense")]).get("Unsupported")
          .startswith("100rel"), "Unsupported")
    answer(483, "INVITE", max_forwards=0)
    answer(416, "INVITE", uri="ftp:nowhere")
    answer(400, "INVITE", cseq="1 BYE")
    answer(400, "INVITE", cseq="99999999999 INVITE")
    answer(505, "INVITE", version="SIP/7.0")
    ok = answer(200, "OPTIONS")
    for name in ("Allow", "Accept", "Supported"):
        check(ok.get(name), "OPTIONS: no " + name)
    answer(200, "OPTIONS", max_forwards=0)
    b2bua.stop()


def dropped(flow):
    """ACK and responses that match nothing are never answered."""
    b2bua, peer, _ = flow.trio(*T1)
    ask(peer, b2bua, "ACK", to="<sip:bob@127.0.0.1>;tag=nothing")
    peer.send(encode("SIP/2.0 200 OK", [
        ("Via", "SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKx" % b2bua.address[1]),
        ("From", "<sip:t@test>;tag=1"), ("To", "<sip:t@test>;tag=2"), ("Call-ID", token()),
        ("CSeq", "1 INVITE")]), b2bua.address)
    peer.send(b"\r\n\r\n", b2bua.address)
    peer.send(b"\0", b2bua.address)
    peer.nothing_before(b2bua)
    b2bua.stop()


def merged(flow):
    """The same request by two ways (RFC 3261 §8.2.2.2): 482 for the second."""
    b2bua, caller, callee = flow.trio(*T1)
    same = {"call_id": token(), "tag": token(), "uri": "sip:bob@127.0.0.1", "body": SDP}
    ask(caller, b2bua, "INVITE", branch="one", **same)
    invite = callee.expect("INVITE")
    ask(caller, b2bua, "INVITE", branch="two", **same)
    loop = caller.expect(482)
    check(loop.branch == "z9hG4bKtwo", "482 for the wrong one")
    callee.reply(invite, 486, "Busy", tag="x")
    callee.expect("ACK")
    caller.expect(486)
    b2bua.wait_quiet()
    b2bua.stop()


def in_a_call(flow):
    """None of it disturbs a call: wrong tags, old CSeq, unknown Require in the dialog."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    good = call.a.remote_tag
    call.a.remote_tag = "wrong"
    call.a.send("BYE")
    caller.expect(481)
    call.a.remote_tag = good
    call.a.send("INFO", cseq=0)
    caller.expect(500)
    call.a.cseq += 1
    callee.nothing_before(b2bua)
    call.end()
    b2bua.stop()


def calls_itself(flow):
    """The next hop is the program itself: Max-Forwards ends it, and everything goes away."""
    probe = flow.b2bua(*T1)
    port = probe.address[1]
    probe.stop()
    b2bua = flow.b2bua("--next-hop", "sip:127.0.0.1:%d" % port, *T1,
                       listen="udp:127.0.0.1:%d" % port)
    caller = flow.peer("alice")
    a = Dialog(caller, b2bua.address)
    a.invite(max_forwards=20)
    final = caller.receive()
    while final and final.status < 200:
        final = caller.receive()
    check(final and final.status in (482, 483), "final: %s" % (final and final.start))
    a.ack(final)
    b2bua.stop()


def no_next_hop(flow):
    """Without next hops the call goes to its Request-URI; 404 when that is us."""
    b2bua = flow.b2bua(*T1)
    caller, callee = flow.peer("alice"), flow.peer("bob")
    a = Dialog(caller, b2bua.address)
    a.invite()
    a.ack(caller.expect(404))
    a = Dialog(caller, b2bua.address, uri=callee.uri)
    a.to = b2bua.address
    a.invite()
    invite = callee.expect("INVITE")
    check(invite.uri == callee.uri, "Request-URI: " + invite.uri)
    callee.reply(invite, 486, "Busy", tag="x")
    callee.expect("ACK")
    a.ack(caller.expect(486))
    b2bua.stop()


def no_way_back(flow):
    """The caller wants his answers at an address we cannot reach: each is let go, and nothing stays."""
    b2bua, caller, callee = flow.trio(*T1)
    for _ in range(20):
        via = "SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s;maddr=::1" % (caller.port, token())
        ask(caller, b2bua, "INVITE", drop=("Via",), headers=[("Via", via)], body=SDP)
        invite = callee.expect("INVITE")
        callee.reply(invite, 180, "Ringing", tag="x")
        cancel = callee.expect("CANCEL")
        callee.reply(cancel, 200, "OK")
        callee.reply(invite, 487, "Request Terminated", tag="x")
        callee.expect("ACK")
    b2bua.wait_quiet()
    b2bua.stop()


if __name__ == "__main__":
    run([refused, dropped, merged, in_a_call, calls_itself, no_next_hop, no_way_back], ["3", "1", "polled"])
