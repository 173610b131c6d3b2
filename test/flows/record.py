#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recorded runs of peal-b2bua are repeated bit by bit by peal-replay: 100 calls of SIPp in each thread mode,
a killed process, a configuration file that is gone; what differs is told, what is damaged is refused."""
import os
import re
import struct
import subprocess
import tempfile

from flow_kit import PATIENCE, SDP, Call, Dialog, check, program, run

PAGE, HEAD, MASK = 4096, 32, (1 << 64) - 1


def replay(*options):
    command, env = program()
    name = os.environ.get("PEAL_REPLAY") or command[0].replace("peal-b2bua", "peal-replay")
    done = subprocess.run([name, *[str(o) for o in options]], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60 * PATIENCE, check=False)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode()


def identical(path, *threads):
    """Repeats it to its end; it must have this number of threads, or one of these. Gives the number of
    events, and what is said beside."""
    code, out, errors = replay(path)
    check(code == 0, "exit %d: %s%s" % (code, out[-2000:], errors))
    found = re.fullmatch(r"replayed events=(\d+) threads=(\d+) identical(.*)", out.split("\n")[-2])
    check(found, "says: " + out[-300:])
    check(int(found.group(2)) in threads, "threads: " + found.group(0))
    return int(found.group(1)), found.group(3)


def threads_of(flow):
    return 3 if flow.mode == "3" else 1


def hundred_calls(flow):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run")
        callee = flow.sipp("uas", calls=100)
        b2bua = flow.b2bua("--next-hop", callee.uri, "--record", path, "--t1-ms", 200)
        caller = flow.sipp("uac", "-r", 50, "-d", 200, to=b2bua.address, calls=100)
        caller.wait(30 * PATIENCE)
        callee.wait(30 * PATIENCE)
        b2bua.census()
        b2bua.stop(quiet=False)
        check(os.stat(path).st_mode & 0o777 == 0o600, "others may read it")
        events, cut = identical(path, threads_of(flow))
        check(not cut and events > 100 * 20, "%d events%s" % (events, cut))
        check(identical(path, threads_of(flow)) == (events, cut), "not twice the same")
        print("     %d events, %d KiB" % (events, os.path.getsize(path) // 1024))


def killed(flow):
    """A process that dies in the middle of a call leaves all that came before."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run")
        b2bua, caller, callee = flow.trio("--record", path)
        Call(b2bua, caller, callee)
        Dialog(caller, b2bua.address).invite()
        callee.expect("INVITE")
        b2bua.kill()
        # The resolver's thread has nothing to do, and may not have had a turn by now.
        _, cut = identical(path, threads_of(flow), threads_of(flow) - 1)
        check("cut" in cut, "not cut:" + cut)
        _, out, _ = replay("--ladder", path)
        for word in ("INVITE", "180 Ringing", "200 OK", "ACK"):
            check(word in out, "no %s in the ladder" % word)
        check(out.count("- INVITE -") == 4, "ladder: " + out)


def options_and_file(flow):
    """What came of a file is part of the recording; --until and --events."""
    with tempfile.TemporaryDirectory() as folder:
        path, config = os.path.join(folder, "run"), os.path.join(folder, "config")
        callee, caller = flow.peer("bob"), flow.peer("alice")
        with open(config, "w", encoding="ascii") as f:
            f.write("# where calls go\nnext-hop = %s\n" % callee.uri)
        b2bua = flow.b2bua("--config", config, "--record", path)
        os.unlink(config)
        Call(b2bua, caller, callee).end()
        b2bua.stop(quiet=False)
        events, _ = identical(path, threads_of(flow))
        code, out, _ = replay("--events", "--until", events // 2, path)
        check(code == 0 and out.count("\n") == events // 2 + 1, "exit %d: %s" % (code, out[-300:]))
        check("events=%d " % (events // 2) in out and "(stopped)" in out, out[-300:])


def checksum(data):
    odd = 0x9e3779b97f4a7c15
    total = (len(data) * odd + 1) & MASK
    words = len(data) // 8
    for word in struct.unpack_from("<%dQ" % words, data):
        total = ((total ^ word) * odd) & MASK
        total ^= total >> 32
    for byte in data[words * 8:]:
        total = ((total ^ byte) * odd) & MASK
        total ^= total >> 32
    return total or 1


def changed(path, old, new):
    """Changes what was received first, so that sums hold."""
    with open(path, "rb") as f:
        data = bytearray(f.read())
    at = PAGE
    while at < len(data):
        size, used = struct.unpack_from("<2I", data, at + 12)
        found = data.find(old, at, at + used)
        if found >= 0:
            data[found:found + len(new)] = new
            struct.pack_into("<Q", data, at + 24, checksum(bytes(data[at + HEAD:at + used])))
            break
        at += size
    with open(path, "wb") as f:
        f.write(data)


def refused(words, path):
    code, out, errors = replay(path)
    check(code == 2 and not out, "exit %d: %s%s" % (code, out, errors))
    check(errors.count("\n") == 1 and errors.startswith("peal-replay: "), errors)
    for word in words:
        check(word in errors, "no '%s' in %s" % (word, errors))


def different_and_damaged(flow):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run")
        b2bua, caller, callee = flow.trio("--record", path)
        Call(b2bua, caller, callee, invite={"body": SDP}).end()
        b2bua.stop(quiet=False)
        changed(path, b"Max-Forwards: 70", b"Max-Forwards: 60")
        code, out, errors = replay(path)
        check(code == 1, "exit %d: %s%s" % (code, out, errors))
        check(re.match(r"different at event \d+ on ", out), out)
        check("--- expected: sent" in out and "Max-Forwards: 69" in out, out)
        check("--- got: sent" in out and "Max-Forwards: 59" in out, out)
        with open(path, "r+b") as f:
            f.seek(PAGE + HEAD + 1)
            f.write(b"\xff")
        refused(["offset 4096", path], path)
        with open(path, "wb") as f:
            f.write(b"INVITE sip:nobody SIP/2.0\r\n" * 1000)
        refused(["not a recording"], path)
        refused(["cannot be read"], os.path.join(folder, "nowhere"))
        command, env = program()
        done = subprocess.run([*command, "--record", os.path.join(folder, "no", "where")], env=env,
                              stderr=subprocess.PIPE, timeout=20 * PATIENCE, check=False)
        check(done.returncode == 2 and b"--record" in done.stderr, done.stderr)


if __name__ == "__main__":
    run([hundred_calls] * 3 + [killed, options_and_file, different_and_damaged],
        ["3", "1", "polled"], at_once=3)
