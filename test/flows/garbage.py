#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Datagrams of every length with anything in them: ignored or answered, the process lives, and the calls
in progress do not notice."""
import os
import random

from flow_kit import FULL, PATIENCE, Call, Dialog, check, run

SEED = int(os.environ.get("PEAL_SEED", "1"))
MOST = 65507
T1 = ("--t1-ms", 200)


def lengths():
    if FULL:
        return range(MOST + 1)
    return sorted(set(range(0, 400)) | set(range(400, MOST, 331)) | {65535 - 28, 65506, MOST})


def random_bytes(flow):
    """Random octets of each length, and text that starts like SIP, while a call stands."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    bad = flow.peer("bad")
    r = random.Random(SEED)
    noise = r.randbytes(MOST)
    start = call.invite.data
    for number, n in enumerate(lengths()):
        offset = r.randrange(MOST - n + 1)
        data = noise[offset:offset + n] if number % 2 else (start * (1 + n // len(start)))[:n]
        bad.socket.sendto(data, b2bua.address)
        if number % 16 == 15:
            # Waits until it was dealt with: nothing is lost in the socket's buffer.
            bad.options(b2bua)
            while bad.receive().kind != 200:
                pass
    call.a.send("INFO")
    callee.reply(callee.expect("INFO", ignore=("INVITE",)), 200, "OK")
    caller.expect(200)
    call.end()
    check(b2bua.process.poll() is None, "it died")
    # Cut INVITEs may have started calls: they end by themselves.
    bad.close()
    b2bua.terminate()
    b2bua.terminate()
    b2bua.wait_exit(60 * PATIENCE)


def mutated(flow):
    """Good messages with a few octets changed, among good calls by SIPp."""
    callee_sipp = flow.sipp("uas", calls=100000)  # a mutant may be a good INVITE after all
    b2bua = flow.b2bua("--next-hop", callee_sipp.uri, *T1)
    peer, bad = flow.peer("model"), flow.peer("bad")
    caller = flow.sipp("uac", "-r", 20, "-d", 100, to=b2bua.address, calls=40)
    r = random.Random(SEED)
    models = model_messages(peer)
    for number in range(20000 if FULL else 3000):
        data = bytearray(r.choice(models))
        for _ in range(r.randrange(1, 6)):
            mutate(r, data)
        bad.socket.sendto(bytes(data), b2bua.address)
        if number % 16 == 15:
            bad.options(b2bua)
            while not is_options_answer(bad.receive()):
                pass
    caller.wait(60 * PATIENCE)
    check(b2bua.process.poll() is None, "it died")
    b2bua.terminate()
    b2bua.terminate()
    b2bua.wait_exit(60 * PATIENCE)


def is_options_answer(m):
    check(m is not None, "OPTIONS is not answered")
    return m.status == 200 and m.method == "OPTIONS"


def model_messages(peer):
    """One of each kind; the INVITE is refused as it is."""
    d = Dialog(peer, ("127.0.0.1", 5060))
    invite = d.build("INVITE", headers=[("Require", "nothing"), ("Supported", "a, b, c")], body=b"v=0\r\n")
    return [m.data for m in (invite, d.build("BYE"), d.build("OPTIONS"), d.build("ACK"),
                             d.build("CANCEL"), d.build("REGISTER", headers=[("Expires", "60")]))]


def mutate(r, data):
    where = r.randrange(len(data) + 1)
    how = r.randrange(4)
    if how == 0:
        data[where:where + 1] = bytes([r.randrange(256)])
    elif how == 1:
        data[where:where + r.randrange(1, 9)] = b""
    elif how == 2:
        data[where:where] = bytes(r.choice(b"\r\n:;,<>\"\\= \0%@") for _ in range(r.randrange(1, 5)))
    else:
        data[where:where] = b"9" * r.randrange(1, 40)


if __name__ == "__main__":
    run([random_bytes, mutated], ["3", "polled", "1"], at_once=2)
