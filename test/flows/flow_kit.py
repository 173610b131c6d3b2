# SPDX-License-Identifier: MIT
"""What the flow tests share: peal-b2bua as a child process, peers that speak SIP over a raw UDP socket,
SIPp as a child process, and the runner of the thread modes.

Nothing sleeps for a fixed time: every wait is for something that happens, with a limit that only a
failure reaches. Ports are chosen at run time."""
import concurrent.futures
import json
import os
import queue
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = os.environ.get("top_builddir", "." if os.path.exists("peal-b2bua") else TOP)
FLOWS = os.path.join(TOP, "test", "flows")
FULL = os.environ.get("PEAL_FULL", "") not in ("", "0")
# Sanitizers and valgrind make everything slower; limits grow with it.
PATIENCE = float(os.environ.get("PEAL_PATIENCE", "1"))
WAIT_S = 10 * PATIENCE


def feature(name, unknown):
    """A feature of the build under test, by its header."""
    try:
        with open(os.path.join(BUILD, "framework/include/peal/features.h")) as f:
            found = re.search(r"#define %s (\d)" % name, f.read())
    except OSError:
        found = None
    return found.group(1) != "0" if found else unknown


HAVE_THREADS = feature("PEAL_HAVE_THREADS", unknown=True)
SDP = (b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
       b"m=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")


class Failed(Exception):
    """A check did not hold."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def until(condition, text, limit_s=None):
    """Waits until condition() is true."""
    end = time.monotonic() + (limit_s or WAIT_S)
    while not condition():
        if time.monotonic() > end:
            raise Failed("waited in vain: " + text)
        time.sleep(0.01)


# --- the program under test

def program():
    """Command and environment of peal-b2bua: from the build tree, or PEAL_B2BUA."""
    env = dict(os.environ)
    given = os.environ.get("PEAL_B2BUA")
    if given:
        return [given], env
    inner = os.path.join(BUILD, ".libs", "peal-b2bua")
    if os.path.exists(inner):
        old = env.get("LD_LIBRARY_PATH")
        env["LD_LIBRARY_PATH"] = os.path.join(BUILD, ".libs") + (":" + old if old else "")
        return [inner], env
    return [os.path.join(BUILD, "peal-b2bua")], env


class B2bua:
    """A running peal-b2bua. Leaves by stop(), which checks exit status and census."""

    def __init__(self, *options, mode="3", wrapper=(), listen="udp:127.0.0.1:0", linger_ms=0):
        command, env = program()
        self.args = [*wrapper, *command, "--threads", mode, "--linger-ms", str(linger_ms)]
        self.args += ["--listen", listen] if listen else []
        self.args += [str(o) for o in options]
        self.lines = queue.Queue()
        self.seen = []
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.args, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=env)
        threading.Thread(target=self._read, daemon=True).start()
        self.bound = []
        for word in self.line("ready").split()[1:]:
            host, port = re.fullmatch(r"udp:(.*):(\d+)", word).groups()
            self.bound.append((host.strip("[]"), int(port)))
        self.address = self.bound[0]
        self.at_ready = self.census_line()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode().rstrip("\n"))
        self.lines.put(None)

    def line(self, word, limit_s=None):
        """The next line of output that starts with this word."""
        end = time.monotonic() + (limit_s or WAIT_S)
        while True:
            try:
                text = self.lines.get(timeout=max(0.001, end - time.monotonic()))
            except queue.Empty:
                raise Failed("no line '%s' from peal-b2bua" % word) from None
            if text is None:
                raise Failed("peal-b2bua ended before '%s': exit %s, %s"
                             % (word, self.process.wait(), self.complaints()))
            self.seen.append(text)
            if text.split(" ", 1)[0] == word:
                return text

    def census_line(self):
        return json.loads(self.line("census").split(" ", 1)[1])

    def census(self):
        self.process.send_signal(signal.SIGUSR1)
        return self.census_line()

    def is_quiet(self):
        now = self.census()
        return not any(now["call"].values()) and now["base"] == self.at_ready["base"]

    def wait_quiet(self, limit_s=None):
        """Waits until nothing of any call is alive and the base is as it was at start."""
        try:
            until(self.is_quiet, "census is not quiet", limit_s)
        except Failed as e:
            raise Failed("%s: %s, at ready: %s" % (e, self.census(), self.at_ready)) from None

    def wait_calls(self, count, limit_s=None):
        until(lambda: self.census()["call"]["calls"] == count, "%d calls" % count, limit_s)

    def rss_kib(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def complaints(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait_exit(self, limit_s=None, status=0):
        """Waits for the end: exit status as told and, at 0, a last census of zeros."""
        last = None
        end = time.monotonic() + (limit_s or WAIT_S + 5)
        while True:
            try:
                text = self.lines.get(timeout=max(0.001, end - time.monotonic()))
            except queue.Empty:
                raise Failed("peal-b2bua does not end: " + self.complaints()) from None
            if text is None:
                break
            last = text if text.startswith("census ") else last
        code = self.process.wait()
        check(code == status, "exit %s, expected %s: %s\n%s" % (code, status, last, self.complaints()))
        if status == 0:
            counts = json.loads(last.split(" ", 1)[1])
            check(not any(v for part in counts.values() for v in part.values()), "leak: " + last)

    def stop(self, quiet=True):
        """The usual end of a flow: census quiet, SIGTERM, exit 0."""
        if quiet:
            self.wait_quiet()
        self.terminate()
        self.wait_exit()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


# --- SIP as text

class Message:
    """A SIP message, parsed just enough for tests, by rules of its own."""

    def __init__(self, data, source=None):
        self.data, self.source = data, source
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        self.start = lines[0]
        self.headers = [(n.strip(), v.strip()) for n, _, v in (l.partition(":") for l in lines[1:])]
        self.status = int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0
        self.uri = "" if self.status else self.start.split()[1]

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def method(self):
        return self.start.split()[0] if not self.status else self.get("CSeq").split()[1]

    @property
    def kind(self):
        return self.status or self.method

    def tag(self, name):
        found = re.search(r";\s*tag=([^;\s]+)", self.get(name) or "")
        return found.group(1) if found else None

    @property
    def branch(self):
        return re.search(r"branch=([^;\s,]+)", self.get("Via")).group(1)

    def contact(self):
        found = re.search(r"<([^>]*)>", self.get("Contact") or "")
        return found.group(1) if found else None


def address_of(uri):
    """Host and port of a sip URI, as a socket address."""
    host, port = re.match(r"sip:(?:[^@]*@)?(\[[^\]]*\]|[^:;?]*)(?::(\d+))?", uri).groups()
    return host.strip("[]"), int(port or 5060)


def token(n=8):
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(n))


def encode(start, headers, body=b""):
    lines = [start] + ["%s: %s" % h for h in headers] + ["Content-Length: %d" % len(body)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Peer:
    """A user agent that does what the test's script says, message by message."""

    def __init__(self, host="127.0.0.1", name="peer"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.host, self.port = self.socket.getsockname()[:2]
        self.name = name
        self.seen = set()
        self.shown = "[%s]" % host if ":" in host else host
        self.log = []

    @property
    def uri(self):
        return "sip:%s@%s:%d" % (self.name, self.shown, self.port)

    def send(self, data, to):
        self.log.append("-> " + data.split(b"\r\n", 1)[0].decode("utf-8", "replace"))
        self.socket.sendto(data, to)

    def receive(self, limit_s=None):
        """The next message, None after the limit. Repetitions of one message are left out."""
        end = time.monotonic() + (WAIT_S if limit_s is None else limit_s)
        while True:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                data, source = self.socket.recvfrom(65535)
            except socket.timeout:
                return None
            if data not in self.seen:
                self.seen.add(data)
                m = Message(data, source[:2])
                self.log.append("<- " + m.start)
                return m

    def expect(self, kind, ignore=(100,), limit_s=None):
        """The next message, which must be this status or method."""
        while True:
            m = self.receive(limit_s)
            check(m is not None, "%s expects %s, nothing comes; %s" % (self.name, kind, self.log[-20:]))
            if m.kind == kind:
                return m
            check(m.kind in ignore, "%s expects %s, gets %s; %s"
                  % (self.name, kind, m.start, self.log[-20:]))

    def expect_any(self, *kinds, ignore=(100,)):
        """One message of each kind, in any order; gives them by kind."""
        got = {}
        while len(got) < len(kinds):
            m = self.receive()
            check(m is not None, "%s expects %s, has %s; %s"
                  % (self.name, kinds, list(got), self.log[-20:]))
            check(m.kind in kinds or m.kind in ignore, "%s gets %s" % (self.name, m.start))
            if m.kind in kinds:
                got[m.kind] = m
        return got

    def nothing_before(self, b2bua, ignore=()):
        """Asks OPTIONS and waits for its answer: whatever was under way came before it."""
        self.options(b2bua)
        self.expect(200, ignore=ignore)

    def options(self, b2bua):
        self.send(encode("OPTIONS sip:b2bua@127.0.0.1 SIP/2.0", [
            ("Via", "SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (self.shown, self.port, token())),
            ("From", "<sip:t@test>;tag=" + token()), ("To", "<sip:b2bua@127.0.0.1>"),
            ("Call-ID", token()), ("CSeq", "1 OPTIONS"), ("Max-Forwards", "70")]), b2bua.address)

    def reply(self, request, status, reason="Because", tag=None, headers=(), body=b"",
              content_type="application/sdp", contact=None):
        """Answers a request. A tag is added to To when it has none."""
        to = request.get("To")
        if tag and ";tag=" not in to:
            to += ";tag=" + tag
        out = [("Via", v) for v in request.all("Via")]
        out += [("From", request.get("From")), ("To", to), ("Call-ID", request.get("Call-ID")),
                ("CSeq", request.get("CSeq"))]
        if status < 300 and request.method in ("INVITE", "UPDATE"):
            out.append(("Contact", "<%s>" % (contact or self.uri)))
        out += list(headers)
        if body:
            out.append(("Content-Type", content_type))
        data = encode("SIP/2.0 %d %s" % (status, reason), out, body)
        self.send(data, request.source)
        return Message(data)

    def close(self):
        self.socket.close()


class Dialog:
    """One side of a dialog of a Peer."""

    def __init__(self, peer, to, uri=None, call_id=None, from_="", local_tag=None):
        self.peer, self.to = peer, to
        self.call_id = call_id or token(16)
        self.local_tag = local_tag or token()
        self.local = from_ or "<%s>" % peer.uri
        host = "[%s]" % to[0] if ":" in to[0] else to[0]
        self.target = uri or "sip:bob@%s:%d" % (host, to[1])
        self.remote = "<%s>" % self.target
        self.remote_tag = None
        self.cseq = 0
        self.invite_request = None

    @classmethod
    def called(cls, peer, invite, tag=None):
        """The callee's side of an INVITE received."""
        d = cls(peer, address_of(invite.contact()), uri=invite.contact(),
                call_id=invite.get("Call-ID"), local_tag=tag)
        d.local = re.sub(r";tag=.*", "", invite.get("To"))
        d.remote = re.sub(r";tag=.*", "", invite.get("From"))
        d.remote_tag = invite.tag("From")
        d.cseq = 100
        return d

    def build(self, method, headers=(), body=b"", cseq=None, branch=None,
              content_type="application/sdp", uri=None, max_forwards=70):
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        branch = branch or "z9hG4bK" + token(12)
        remote = self.remote + (";tag=" + self.remote_tag if self.remote_tag else "")
        out = [("Via", "SIP/2.0/UDP %s:%d;branch=%s;rport" % (self.peer.shown, self.peer.port, branch)),
               ("Max-Forwards", max_forwards), ("From", self.local + ";tag=" + self.local_tag),
               ("To", remote), ("Call-ID", self.call_id), ("CSeq", "%d %s" % (cseq, method))]
        if method in ("INVITE", "UPDATE"):
            out.append(("Contact", "<%s>" % self.peer.uri))
        out += list(headers)
        if body:
            out.append(("Content-Type", content_type))
        return Message(encode("%s %s SIP/2.0" % (method, uri or self.target), out, body))

    def send(self, method, **more):
        m = self.build(method, **more)
        self.peer.send(m.data, self.to)
        return m

    def again(self, message):
        self.peer.send(message.data, self.to)

    def invite(self, **more):
        more.setdefault("body", SDP)
        self.invite_request = self.send("INVITE", **more)
        return self.invite_request

    def learn(self, response):
        """Takes tag and target from a response."""
        self.remote_tag = response.tag("To") or self.remote_tag
        if response.contact():
            self.target = response.contact()
            self.to = address_of(self.target)
        return response

    def ack(self, response, **more):
        """ACK to a 2xx: a request of its own; to another final response: part of the transaction."""
        self.learn(response)
        number = int(response.get("CSeq").split()[0])
        if response.status < 300:
            return self.send("ACK", cseq=number, **more)
        old = self.invite_request
        return self.send("ACK", cseq=number, branch=old.branch, uri=old.uri, **more)

    def cancel(self, **more):
        old = self.invite_request
        keep, self.remote_tag = self.remote_tag, old.tag("To")
        m = self.send("CANCEL", cseq=int(old.get("CSeq").split()[0]), branch=old.branch, uri=old.uri,
                      **more)
        self.remote_tag = keep
        return m

    def bye(self, **more):
        """BYE, and its 200."""
        request = self.send("BYE", **more)
        return request, self.peer.expect(200, ignore=(100,))


class Call:
    """An established call through the B2BUA with a raw peer on either side."""

    def __init__(self, b2bua, caller, callee, invite=None, answer=None):
        self.b2bua = b2bua
        self.a = Dialog(caller, b2bua.address)
        self.a.invite(**(invite or {}))
        self.invite = callee.expect("INVITE")
        self.b = Dialog.called(callee, self.invite)
        callee.reply(self.invite, 180, "Ringing", tag=self.b.local_tag)
        self.ringing = self.a.learn(caller.expect(180))
        callee.reply(self.invite, 200, "OK", tag=self.b.local_tag, body=SDP, **(answer or {}))
        self.ok = caller.expect(200)
        self.a.ack(self.ok)
        self.ack = callee.expect("ACK")

    def end(self):
        """The caller hangs up."""
        self.a.send("BYE")
        self.b.peer.reply(self.b.peer.expect("BYE"), 200, "OK")
        self.a.peer.expect(200)


# --- SIPp

def is_bound(port, host="127.0.0.1"):
    """Somebody has bound this UDP port."""
    want = "%s:%04X" % ("".join("%02X" % int(b) for b in reversed(host.split("."))), port)
    with open("/proc/net/udp") as f:
        return any(line.split()[1] == want for line in f.readlines()[1:])


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sipp:
    """SIPp with a scenario of test/flows; a server one is ready when this returns."""

    def __init__(self, scenario, *options, to=None, calls=1, port=None):
        self.folder = tempfile.TemporaryDirectory(prefix="peal-flow-")
        self.port = port or free_port()
        self.args = ["sipp", "-sf", os.path.join(FLOWS, scenario + ".xml"), "-i", "127.0.0.1",
                     "-p", str(self.port), "-m", str(calls), "-nostdin", "-trace_err", "-trace_stat", "-buff_size", "4194304",
                     "-fd", "1", *[str(o) for o in options]]
        self.args += ["%s:%d" % to] if to else []
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.args, cwd=self.folder.name, stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=subprocess.STDOUT,
                                        env=dict(os.environ, TERM="dumb"))
        until(lambda: is_bound(self.port) or self.process.poll() is not None, "SIPp does not start")

    @property
    def address(self):
        return "127.0.0.1", self.port

    @property
    def uri(self):
        return "sip:127.0.0.1:%d" % self.port

    def wait(self, limit_s=None, allow_failures=False):
        """Waits for its end; every call must have worked."""
        try:
            code = self.process.wait(limit_s or 30 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed("SIPp does not end: " + self.errors()) from None
        check(code == 0 or (allow_failures and code == 1), "SIPp exit %d: %s" % (code, self.errors()))

    def errors(self):
        text = ""
        for name in sorted(os.listdir(self.folder.name)):
            if name.endswith("_errors.log"):
                with open(os.path.join(self.folder.name, name), errors="replace") as f:
                    text += f.read()
        self.output.seek(0)
        return text[:4000] or self.output.read().decode(errors="replace")[-1500:]

    def counts(self):
        """The last line of SIPp's statistics, by column name."""
        for name in os.listdir(self.folder.name):
            if name.endswith("_.csv"):
                with open(os.path.join(self.folder.name, name)) as f:
                    lines = f.read().strip().split("\n")
                return dict(zip(lines[0].split(";"), lines[-1].split(";")))
        raise Failed("SIPp left no statistics")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


# --- running

class Flow:
    """What a flow function gets: makes children and peers, and tidies up whatever happens."""

    def __init__(self, mode):
        self.mode = mode
        self.things = []

    def b2bua(self, *options, **more):
        more.setdefault("mode", self.mode)
        return self.keep(B2bua(*options, **more))

    def peer(self, name="peer", host="127.0.0.1"):
        return self.keep(Peer(host, name))

    def sipp(self, scenario, *options, **more):
        for attempt in range(5):
            s = self.keep(Sipp(scenario, *options, **more))
            if s.process.poll() is None or is_bound(s.port) or "bind" not in s.errors().lower():
                return s
        raise Failed("SIPp finds no free port")

    def trio(self, *options, **more):
        """A B2BUA between a raw caller and a raw callee."""
        callee = self.peer("bob")
        caller = self.peer("alice")
        return self.b2bua("--next-hop", "sip:127.0.0.1:%d" % callee.port, *options, **more), \
            caller, callee

    def keep(self, thing):
        self.things.append(thing)
        return thing

    def tidy(self):
        for thing in reversed(self.things):
            (thing.close if isinstance(thing, Peer) else thing.kill)()


def run(flows, modes, at_once=4):
    """Runs flow functions: each once, the thread modes in turn from the first of modes; in the full
    tier, or with modes on the command line, each in all of them. Flows mostly wait, so some run at
    once. Ends the process."""
    chosen = sys.argv[1:] or os.environ.get("PEAL_MODES", "").split()
    if not chosen and not HAVE_THREADS:
        chosen = ["polled"]
    if FULL and not chosen:
        chosen = ["3", "1", "polled"]
    work = [(flow, mode) for number, flow in enumerate(flows)
            for mode in chosen or [modes[number % len(modes)]]]
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(lambda item: run_one(*item), work))
    print("%d failed" % results.count(False))
    sys.exit(1 if False in results else 0)


def run_one(function, mode):
    flow = Flow(mode)
    start = time.monotonic()
    try:
        function(flow)
        print("ok   %-32s %-6s %.1f s" % (function.__name__, mode, time.monotonic() - start))
        return True
    except (Failed, OSError, AttributeError, ValueError, KeyError) as e:
        print("FAIL %-32s %-6s %s: %s" % (function.__name__, mode, type(e).__name__, e))
        for thing in flow.things:
            if isinstance(thing, B2bua):
                print("     peal-b2bua said: " + thing.complaints()[:3000])
            elif isinstance(thing, Peer):
                print("     %s: %s" % (thing.name, "; ".join(thing.log[-20:])))
        return False
    finally:
        sys.stdout.flush()
        flow.tidy()
