#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Limits, time-outs, graceful stop, what the operator sees."""
import os
import random
import re
import resource
import signal
import subprocess
import time

from flow_kit import (HAVE_THREADS, SDP, WAIT_S, Call, Dialog, check, feature, program, run,
                      until)

T1 = ("--t1-ms", 25)


def refused_503(caller, to):
    a = Dialog(caller, to)
    a.invite()
    final = caller.expect(503)
    check(int(final.get("Retry-After")) > 0, "503 without Retry-After")
    a.ack(final)


def call_limit(flow):
    b2bua, caller, callee = flow.trio(*T1, "--max-calls", 1)
    call = Call(b2bua, caller, callee)
    refused_503(caller, b2bua.address)
    call.end()
    b2bua.wait_quiet()
    Call(b2bua, caller, callee).end()
    b2bua.stop()


def drains(flow):
    """SIGTERM: no new calls, the present one goes on until it is over, then exit 0."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    b2bua.terminate()
    b2bua.line("draining")
    refused_503(caller, b2bua.address)
    call.a.send("INFO")
    callee.reply(callee.expect("INFO"), 200, "OK")
    caller.expect(200)
    call.end()
    b2bua.wait_exit()


def drain_limit(flow):
    """Calls that do not end get BYE when the time is over; one that rings gets 503, and CANCEL."""
    b2bua, caller, callee = flow.trio(*T1, "--drain-s", 1, linger_ms=3000)
    Call(b2bua, caller, callee)
    second = flow.peer("second")
    a = Dialog(second, b2bua.address)
    a.invite()
    invite = callee.expect("INVITE")
    callee.reply(invite, 180, "Ringing", tag="r")
    second.expect(180)
    b2bua.terminate()
    caller.reply(caller.expect("BYE"), 200, "OK")
    got = callee.expect_any("BYE", "CANCEL")
    callee.reply(got["BYE"], 200, "OK")
    callee.reply(got["CANCEL"], 200, "OK", tag="r")
    callee.reply(invite, 487, "Request Terminated", tag="r")
    a.ack(second.expect(503))
    b2bua.wait_exit()


def second_sigterm(flow):
    """A second SIGTERM ends it at once: BYE goes out, nobody is waited for."""
    b2bua, caller, callee = flow.trio(*T1, "--drain-s", 600)
    Call(b2bua, caller, callee)
    b2bua.terminate()
    b2bua.line("draining")
    b2bua.terminate()
    b2bua.wait_exit()
    caller.expect("BYE", ignore=(100,))
    callee.expect("BYE")


def idle_stop(flow):
    b2bua = flow.b2bua()
    b2bua.terminate()
    b2bua.wait_exit()
    b2bua = flow.b2bua()
    b2bua.process.send_signal(signal.SIGINT)
    b2bua.wait_exit()


def signal_storm(flow):
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    for _ in range(1000):
        b2bua.process.send_signal(signal.SIGUSR1)
    call.end()
    b2bua.wait_quiet()
    b2bua.stop()


def storm_at_the_end(flow):
    """Signals go on coming while the program ends, and until it is gone."""
    for _ in range(40):
        b2bua = flow.b2bua()
        b2bua.terminate()
        end = time.monotonic() + WAIT_S
        while b2bua.process.poll() is None and time.monotonic() < end:
            b2bua.process.send_signal(random.choice([signal.SIGUSR1, signal.SIGTERM]))
            time.sleep(random.random() * 0.0006)
        b2bua.wait_exit()
        check(not b2bua.complaints(), "complaints: " + b2bua.complaints())


def no_ack(flow):
    """The caller never acknowledges: 200 is repeated for 64*T1, then BYE to both sides."""
    b2bua, caller, callee = flow.trio(*T1)
    a = Dialog(caller, b2bua.address)
    a.invite()
    invite = callee.expect("INVITE")
    callee.reply(invite, 200, "OK", tag="r", body=SDP)
    caller.expect(200)
    got = callee.expect_any("ACK", "BYE")
    callee.reply(got["BYE"], 200, "OK")
    caller.reply(caller.expect("BYE"), 200, "OK")
    b2bua.stop()


def ringing_limit(flow):
    b2bua, caller, callee = flow.trio(*T1, "--setup-s", 1)
    a = Dialog(caller, b2bua.address)
    a.invite()
    invite = callee.expect("INVITE")
    callee.reply(invite, 180, "Ringing", tag="r")
    caller.expect(180)
    a.ack(caller.expect(408))
    callee.reply(callee.expect("CANCEL"), 200, "OK", tag="r")
    callee.reply(invite, 487, "Request Terminated", tag="r")
    callee.expect("ACK")
    b2bua.stop()


def duration_limit(flow):
    b2bua, caller, callee = flow.trio(*T1, "--max-duration-s", 1)
    Call(b2bua, caller, callee)
    caller.reply(caller.expect("BYE"), 200, "OK")
    callee.reply(callee.expect("BYE"), 200, "OK")
    b2bua.stop()


def peers_vanish(flow):
    """Nobody answers our BYE: both legs end by their own time-outs."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    call.a.send("BYE")
    caller.expect(200)
    callee.expect("BYE")
    b2bua.stop()


def threads_have_names(flow):
    """What `ps -L` shows. (A sanitizer may add a thread with the program's own name.)"""
    b2bua = flow.b2bua()
    folder = "/proc/%d/task" % b2bua.process.pid
    expected = {"3": {"peal-b2bua", "peal-core", "peal-dns", "peal-transport"},
                "1": {"peal-b2bua", "peal-core"}, "polled": {"peal-b2bua"}}[flow.mode]

    def names():
        return {open(os.path.join(folder, t, "comm")).read().strip() for t in os.listdir(folder)}

    # A thread names itself when it starts: the last one may be a moment behind "ready".
    until(lambda: {n for n in names() if n.startswith("peal-")} == expected,
          "threads %s" % sorted(expected))
    b2bua.stop()


def threads_that_cannot_start(_flow):
    """Where memory allows only some of the threads, the start ends with one line and in order. (A sanitizer
    wants more memory than any of these limits.)"""
    if not HAVE_THREADS or feature("PEAL_SANITIZED", unknown=False):
        return
    command, env = program()
    refused = 0
    for mbytes in (8, 12, 20, 28, 36):
        limit = (mbytes << 20, mbytes << 20)
        process = subprocess.Popen([*command, "--threads", "3", "--listen", "udp:127.0.0.1:0"], env=env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit))
        first = process.stdout.readline()
        if first.startswith("ready"):
            process.terminate()
        _, errors = process.communicate(timeout=WAIT_S)
        if first.startswith("ready"):
            check(process.returncode == 0, "exit %d" % process.returncode)
        else:
            lines = errors.strip().split("\n")
            check(process.returncode == 1 and len(lines) == 1 and "cannot start" in lines[0],
                  "%d MiB: exit %d, %s" % (mbytes, process.returncode, errors))
            refused += 1
    check(refused > 0, "every limit was enough")


def census_counts(flow):
    """The census shows a call while it stands, and nothing of it later."""
    b2bua, caller, callee = flow.trio(*T1)
    call = Call(b2bua, caller, callee)
    now = b2bua.census()["call"]
    check(now["calls"] == 1 and now["contexts"] == 2, "census of one call: %s" % now)
    call.end()
    b2bua.wait_quiet()
    b2bua.stop()


def over_ipv6(flow):
    callee, caller = flow.peer("bob", "::1"), flow.peer("alice", "::1")
    b2bua = flow.b2bua("--next-hop", "sip:[::1]:%d" % callee.port, *T1, listen="udp:[::1]:0")
    call = Call(b2bua, caller, callee)
    check(re.search(r"\[::1\]", call.invite.contact()), "Contact: " + call.invite.contact())
    call.end()
    b2bua.stop()


def between_families(flow):
    """IPv4 on one side, IPv6 on the other: each leg shows the address of its own side."""
    callee, caller = flow.peer("bob", "::1"), flow.peer("alice")
    b2bua = flow.b2bua("--next-hop", "sip:[::1]:%d" % callee.port, *T1, "--listen", "udp:[::1]:0")
    call = Call(b2bua, caller, callee)
    check("[::1]" in call.invite.contact(), "Contact towards the callee: " + call.invite.contact())
    check("127.0.0.1" in call.ok.contact(), "Contact towards the caller: " + call.ok.contact())
    call.end()
    b2bua.stop()


def wildcard(flow):
    callee, caller = flow.peer("bob"), flow.peer("alice")
    b2bua = flow.b2bua("--next-hop", "sip:127.0.0.1:%d" % callee.port, *T1, "--local-address",
                       "127.0.0.1", listen="udp:0.0.0.0:0")
    b2bua.address = ("127.0.0.1", b2bua.bound[0][1])
    call = Call(b2bua, caller, callee)
    check("127.0.0.1:%d" % b2bua.address[1] in call.invite.contact(), "Contact")
    call.end()
    b2bua.stop()


def next_hop_is_route(flow):
    """;lr: the Request-URI stays, the hop is a Route."""
    callee, caller = flow.peer("bob"), flow.peer("alice")
    b2bua = flow.b2bua("--next-hop", "sip:127.0.0.1:%d;lr" % callee.port, *T1)
    a = Dialog(caller, b2bua.address)
    a.invite(uri="sip:bob@192.0.2.77")
    invite = callee.expect("INVITE")
    check(invite.uri == "sip:bob@192.0.2.77", "Request-URI: " + invite.uri)
    check("127.0.0.1:%d;lr" % callee.port in (invite.get("Route") or ""), "Route")
    callee.reply(invite, 404, "Not Found", tag="x")
    callee.expect("ACK")
    a.ack(caller.expect(404))
    b2bua.stop()


if __name__ == "__main__":
    run([call_limit, drains, drain_limit, second_sigterm, idle_stop, signal_storm,
         storm_at_the_end, no_ack, ringing_limit, duration_limit, peers_vanish, threads_have_names,
         threads_that_cannot_start, census_counts, over_ipv6, between_families, wildcard, next_hop_is_route],
        ["polled", "3", "1"])
