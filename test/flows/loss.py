#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls over a bad network: a relay on either side that loses, repeats and reorders datagrams by a seed.
Every call ends by the rules, and nothing of it stays."""
import os
import random
import select
import socket
import threading
import time

from flow_kit import FULL, PATIENCE, SDP, Message, Peer, check, run

SEED = int(os.environ.get("PEAL_SEED", "1"))


class Relay:
    """Passes datagrams between whoever sends to its front and one server."""

    def __init__(self, server, seed, loss=0.0, twice=0.0, late=0.0):
        self.random = random.Random(seed)
        self.server, self.client = server, None
        self.loss, self.twice, self.late = loss, twice, late
        self.front, self.back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for s in (self.front, self.back):
            s.bind(("127.0.0.1", 0))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.port = self.front.getsockname()[1]
        self.held = {self.front: None, self.back: None}
        self.passed = self.lost = 0
        self.wake, self.waker = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            ready, _, _ = select.select([self.front, self.back, self.wake], [], [], 0.05)
            if self.wake in ready:
                return
            for s in ready:
                data, source = s.recvfrom(65535)
                if s is self.front:
                    self.client = source
                self._pass(s, data)
            if not ready:
                for s in self.held:
                    self._release(s)

    def _pass(self, s, data):
        if self.random.random() < self.loss:
            self.lost += 1
            return
        if self.held[s] is None and self.random.random() < self.late:
            self.held[s] = data
            return
        self._send(s, data)
        if self.random.random() < self.twice:
            self._send(s, data)
        self._release(s)

    def _release(self, s):
        data, self.held[s] = self.held[s], None
        if data is not None:
            self._send(s, data)

    def _send(self, s, data):
        self.passed += 1
        if s is self.front:
            self.back.sendto(data, self.server)
        elif self.client:
            self.front.sendto(data, self.client)

    def kill(self):
        self.waker.send(b"x")
        self.thread.join()
        for s in (self.front, self.back, self.wake, self.waker):
            s.close()


class Callee:
    """A callee that repeats its 200 until the ACK comes and answers every repeated request. (SIPp 3.6.1
    neither does once a repeated INVITE came.) Its Contact names the relay."""

    T1_S, T2_S, REPEATS = 0.5, 4.0, 11

    def __init__(self):
        self.peer = Peer(name="bob")
        self.contact = None
        self.open = {}  # Call-ID: answer, its destination, when it is due again, pause, times
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self, contact):
        self.contact = contact
        self.thread.start()

    def _run(self):
        s = self.peer.socket
        while not self.stopping:
            ready, _, _ = select.select([s], [], [], 0.05)
            if ready:
                data, source = s.recvfrom(65535)
                self._on_request(Message(data, source))
            self._repeat()

    def _on_request(self, m):
        call_id = m.get("Call-ID")
        if m.kind == "INVITE":
            tag = call_id[-8:]
            self.peer.reply(m, 180, "Ringing", tag=tag, contact=self.contact)
            ok = self.peer.reply(m, 200, "OK", tag=tag, body=SDP, contact=self.contact)
            self.open.setdefault(call_id, [ok.data, m.source, time.monotonic() + self.T1_S, self.T1_S,
                                           self.REPEATS])
        elif m.kind == "ACK":
            self.open.pop(call_id, None)
        elif m.kind == "BYE":
            self.open.pop(call_id, None)
            self.peer.reply(m, 200, "OK")

    def _repeat(self):
        now = time.monotonic()
        for call_id, entry in list(self.open.items()):
            if entry[2] <= now:
                self.peer.socket.sendto(entry[0], entry[1])
                entry[3] = min(entry[3] * 2, self.T2_S)
                entry[2] = now + entry[3]
                entry[4] -= 1
                if not entry[4]:
                    del self.open[call_id]

    def kill(self):
        self.stopping = True
        self.thread.join()
        self.peer.close()


def through(flow, calls, rate, least, **faults):
    """SIPp, relay, B2BUA, relay, callee."""
    callee = flow.keep(Callee())
    right = flow.keep(Relay(("127.0.0.1", callee.peer.port), SEED, **faults))
    callee.start("sip:bob@127.0.0.1:%d" % right.port)
    timing = () if FULL else ("--t1-ms", 100)
    b2bua = flow.b2bua("--next-hop", "sip:127.0.0.1:%d" % right.port, *timing)
    left = flow.keep(Relay(b2bua.address, SEED + 1, **faults))
    caller = flow.sipp("uac_loss", "-r", rate, "-d", 200, "-l", 5000, "-recv_timeout", 40000,
                       to=("127.0.0.1", left.port), calls=calls)
    caller.wait(calls / rate + 120 * PATIENCE, allow_failures=True)
    good = int(caller.counts()["SuccessfulCall(C)"])
    print("     %d of %d calls complete; datagrams passed %d, lost %d"
          % (good, calls, left.passed + right.passed, left.lost + right.lost))
    check(good >= calls * least, "only %d of %d calls complete: %s" % (good, calls, caller.errors()))
    b2bua.wait_quiet(150 * PATIENCE if FULL else 40 * PATIENCE)
    b2bua.stop()


def ten_percent_lost(flow):
    through(flow, 10000 if FULL else 60, 50 if FULL else 20, 0.99, loss=0.1)


def thirty_percent_lost(flow):
    through(flow, 300 if FULL else 20, 20, 0.5, loss=0.3)


def reordered_and_repeated(flow):
    through(flow, 1000 if FULL else 60, 20, 0.97, late=0.2, twice=0.1)


if __name__ == "__main__":
    run([ten_percent_lost, thirty_percent_lost, reordered_and_repeated], ["1", "3", "polled"], at_once=1 if FULL else 3)
