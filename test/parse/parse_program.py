#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program peal-parse: what it prints and how it exits, for good messages, bad ones, streams, text
from captures, and wrong command lines."""
import glob
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.environ.get("top_srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")))
BUILD = os.path.abspath(os.environ.get("top_builddir", os.getcwd()))
DATA = os.path.join(TOP, "test", "data")
PATIENCE_S = 60 * float(os.environ.get("PEAL_PATIENCE", "1"))


class Failed(Exception):
    """A check did not hold."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def run(*options, stdin=b"", env=None, cwd=None):
    inner = os.path.join(BUILD, ".libs", "peal-parse")
    program = inner if os.path.exists(inner) else os.path.join(BUILD, "peal-parse")
    environment = dict(os.environ, **(env or {}))
    if program == inner:
        old = environment.get("LD_LIBRARY_PATH")
        environment["LD_LIBRARY_PATH"] = os.path.join(BUILD, ".libs") + (":" + old if old else "")
    done = subprocess.run([os.path.abspath(program), *options], input=stdin, env=environment, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S,
                          check=False)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def read(*parts):
    with open(os.path.join(DATA, *parts), "rb") as f:
        return f.read()


def rows(folder):
    for line in read(folder, "expected.txt").decode().splitlines():
        if not line.startswith("#"):
            fields = line.split(" ", 4)
            yield fields + [None] * (5 - len(fields))


def corpus():
    return sorted(glob.glob(os.path.join(DATA, "corpus", "*", "*.sip")))


# --- good messages

def every_good_message_comes_back():
    for path in corpus()[::5]:
        code, out, errors = run("--roundtrip", path)
        with open(path, "rb") as f:
            check(out == f.read() and code == 0 and not errors, "%s: %d %s" % (path, code, errors))


def all_files_in_one_run():
    files = corpus()
    code, out, errors = run("--quiet", *files)
    check((code, out, errors) == (0, b"", ""), "corpus: %d %s" % (code, errors))
    code, out, errors = run(*files)
    titles = re.findall(rb"^==> (.*) <==$", out, re.M)
    check(code == 0 and len(titles) == len(files), "%d titles" % len(titles))


def structure_is_shown():
    code, out, _ = run(os.path.join(DATA, "rfc4475", "wsinv.sip"))
    text = out.decode()
    check(code == 0, "exit %d" % code)
    for line in ("request INVITE sip:vivekg@chair-dnrc.example.com;unknownparam", "14 header lines",
                 "      tag         98asjd8", "      display     \"J Rosenberg \\\\\\\"\"",
                 "      transport   UDP", "      branch      z9hG4bK30239", "      method      INVITE",
                 "  Subject (s): ", "body of 150 bytes, application/sdp", "  | a=rtpmap:31 LPC"):
        check("\n" + line + "\n" in "\n" + text, "no line '%s'" % line)


def parts_are_shown():
    """Each for itself, those inside of others too."""
    inner = "--i\r\nContent-Type: text/plain\r\n\r\nhello\r\n--i--\r\n"
    outer = ("--o\r\nContent-Type: multipart/mixed;boundary=i\r\n\r\n%s\r\n--o\r\n"
             "Content-Type: application/x\r\n\r\n\x00\x01\r\n--o--\r\n" % inner)
    head = read("corpus", "media", "01-siprec.sip").decode().split("\r\n\r\n")[0]
    head = re.sub("boundary=[^\r]*", "boundary=o", head)
    head = re.sub("Content-Length: \\d+", "Content-Length: %d" % len(outer), head)
    code, out, errors = run(stdin=(head + "\r\n\r\n" + outer).encode())
    text = out.decode()
    check(code == 0 and not errors, errors)
    for line in ("  part of %d bytes, multipart/mixed;boundary=i" % len(inner), "    part of 5 bytes, text/plain",
                 "      | hello", "  part of 2 bytes, application/x"):
        check("\n" + line + "\n" in text, "no line '%s' in %s" % (line, text[-900:]))
    check("    | 000000  00 01 " in text, "bytes")
    out = run(stdin=(head + "\r\n\r\n" + outer.replace("--o--", "--p--")).encode())[1].decode()
    check("malformed multipart" in out, "not closed")


def canonical_form_is_one():
    """It is a good message, and its own canonical form."""
    for path in [os.path.join(DATA, "rfc4475", "wsinv.sip")] + corpus()[::7]:
        code, out, _ = run(path)
        form = out.split(b"canonical form\n", 1)[1]
        check(code == 0 and b"\r\n\r\n" in form, path)
        again_code, again, errors = run("-", stdin=form)
        check(again_code == 0, "%s: canonical form: %s" % (path, errors))
        again = again.split(b"canonical form\n", 1)[1]
        check(form.rstrip(b"\n") == again.rstrip(b"\n"), "%s: changes again" % path)
    head = run(os.path.join(DATA, "rfc4475", "wsinv.sip"))[1].split(b"canonical form\n", 1)[1]
    for line in (b"To: <sip:vivekg@chair-dnrc.example.com>;tag=1918181833n\r\n", b"CSeq: 9 INVITE\r\n",
                 b"Via: SIP/2.0/UDP 192.0.2.2;branch=390skdjuw\r\n", b"Subject:\r\n",
                 b"NewFangledHeader: newfangled value continued newfangled value\r\n"):
        check(line in head, "canonical form lacks %r" % line)


def standard_input_is_read():
    message = read("corpus", "proxy", "05-cancel.sip")
    for options in ((), ("-",)):
        code, out, errors = run("--roundtrip", *options, stdin=message)
        check((code, out, errors) == (0, message, ""), "%s: %d %s" % (options, code, errors))


# --- bad ones

def each_fault_is_told():
    """One line on standard error, of one form, as expected.txt says; never two."""
    for folder in ("rfc4475", "rfc5118", "malformed"):
        for name, outcome, offset, header, reason in rows(folder):
            code, out, errors = run(name, cwd=os.path.join(DATA, folder))
            if outcome == "good":
                check(code == 0 and not errors, "%s: %d %s" % (name, code, errors))
                continue
            wanted = "%s: offset %s: header %s: %s\n" % (name, offset, header, reason)
            check(code == 1 and errors == wanted, "%s: %d %s" % (name, code, errors))
            said = out.decode("utf-8", "replace")
            check("faulty: " + reason in said, name)
            check(("answered with " + outcome in said) == (outcome != "drop"), "%s: %s" % (name, said[:200]))


def the_caret_points():
    for folder, name, mark in (("rfc4475", "badaspec", " sip:t.watson"), ("rfc4475", "quotbal", '"Mr. J.'),
                               ("rfc4475", "escruri", "Route="), ("malformed", "uri-percent-at-end", "% SIP"),
                               ("malformed", "contact-second-broken", '"x <sip'),
                               ("malformed", "to-open-bracket", "<sip:b@example.com"),
                               ("rfc4475", "badvers", "SIP/7.0")):
        out = run(name + ".sip", cwd=os.path.join(DATA, folder))[1].decode()
        lines = out[out.index("faulty:"):].split("\n")
        check(lines[2].strip() == "^", "%s: %r" % (name, lines[:3]))
        at = lines[2].index("^")
        check(lines[1][at:].startswith(mark), "%s: the caret is at %r" % (name, lines[1][at:]))


def quiet_and_roundtrip_say_no_more():
    path = os.path.join(DATA, "rfc4475", "quotbal.sip")
    for option in ("--quiet", "--roundtrip"):
        code, out, errors = run(option, path)
        check(code == 1 and out == b"" and errors.count("\n") == 1, "%s: %d %r" % (option, code, out))


def one_bad_file_among_good_ones():
    good = os.path.join(DATA, "corpus", "proxy", "05-cancel.sip")
    bad = os.path.join(DATA, "rfc4475", "quotbal.sip")
    code, out, errors = run("--roundtrip", good, bad, good)
    check(code == 1 and errors.count("\n") == 1 and out == 2 * read("corpus", "proxy", "05-cancel.sip"),
          "%d %s" % (code, errors))


def nothing_acts_on_the_terminal():
    code, out, errors = run("--color=never", os.path.join(DATA, "malformed", "escape-in-header.sip"))
    check(code == 0 and not errors, errors)
    shown = out.split(b"canonical form")[0]
    check(b"\x1b" not in shown and b"\\x1b[31mred" in shown, "an escape came through")
    hostile = read("corpus", "phone", os.path.basename(glob.glob(os.path.join(DATA, "corpus", "phone", "*.sip"))[0]))
    for bad in "\x9b31m", "\u202egnorw", "\u2066x\u2069", "\u2028", "\u200f", "\u061c":
        text = hostile.replace(b"\r\n", b"\r\nX-Bad: " + bad.encode() + b"\r\n", 1)
        shown = run(stdin=text)[1].split(b"canonical form")[0]
        check(bad[0].encode() not in shown and b"X-Bad" in shown, "%r came through" % bad)


# --- streams and text

def a_stream_is_taken_apart():
    names = ("01-register-ws.sip", "03-invite-ws.sip", "07-ack-ws.sip")
    messages = [read("corpus", "webrtc", name) for name in names]
    stream = b"\r\n\r\n".join(messages)
    code, out, errors = run("--stream", stdin=stream)
    check(code == 0 and not errors, errors)
    check(out.count(b"keep-alive before") == 2, "keep-alives")
    check(re.findall(rb"^request (\w+)", out, re.M) == [b"REGISTER", b"INVITE", b"ACK"], "messages")
    code, out, _ = run("--stream", "--roundtrip", stdin=stream)
    check(code == 0 and out == b"".join(messages), "roundtrip of a stream")


def a_broken_stream_is_told():
    good = read("corpus", "webrtc", "07-ack-ws.sip")
    bad = read("malformed", "length-negative.sip")
    code, _, errors = run("--stream", stdin=good + bad + good)
    found = re.fullmatch(r"-: offset (\d+): header Content-Length: .*\n", errors)
    check(code == 1 and found, "%d %s" % (code, errors))
    line = (good + bad)[:int(found.group(1))].rsplit(b"\n", 1)[1]
    check(line.startswith(b"Content-Length") or line == b"", "offset is at %r" % line)
    code, _, errors = run("--stream", stdin=good + good[:-10])
    check(code == 1 and "offset %d" % (2 * len(good) - 10) in errors, "%d %s" % (code, errors))


def text_from_captures():
    message = read("corpus", "transfer", "01-refer-blind.sip").decode()
    answer = read("corpus", "proxy", "10-response-200-cancel.sip").decode()
    head = "U 2026/11/25 10:00:00.1 192.0.2.1:5060 -> 192.0.2.2:5060 #12\n"
    forms = {
        "line feeds": lambda m: m.replace("\r\n", "\n"),
        "carriage returns": lambda m: m,
        "dots": lambda m: m.replace("\r\n", ".\n"),
        "indented": lambda m: "".join("    %s\n" % line for line in m.split("\r\n")),
    }
    for name, form in forms.items():
        text = head + form(message) + "\n" + head + form(answer) + "\n# the end\n"
        code, out, errors = run("--text", "--roundtrip", stdin=text.encode())
        check(code == 0 and out == (message + answer).encode(), "%s: %d %s%r" % (name, code, errors, out))


def text_offsets_are_those_of_the_file():
    text = b"noise\n\n" + read("rfc4475", "quotbal.sip").replace(b"\r\n", b"\n").replace(b"152", b"0")
    code, _, errors = run("--text", stdin=text)
    check(code == 1 and "offset %d:" % text.index(b'"Mr.') in errors, errors)
    code, out, _ = run(stdin=text[7:])
    check(code == 1 and b"--text" in out, "no hint: %r" % out[:300])
    code, out, _ = run(stdin=read("rfc4475", "quotbal.sip"))
    check(code == 1 and b"--text" not in out, "a hint that is wrong")
    code, _, errors = run("--text", stdin=b"nothing\nhere\n")
    check(code == 1 and errors.startswith("-: offset 0: "), errors)


# --- command line

def colours():
    path = os.path.join(DATA, "rfc4475", "wsinv.sip")
    plain = run(path)[1]
    check(b"\x1b[" not in plain, "colour where no terminal is")
    for option in ("--color", "--color=always", "--colour"):
        colored = run(option, path)[1]
        check(b"\x1b[" in colored, option)
        check(re.sub(rb"\x1b\[[0-9;]*m", b"", colored) == plain, "%s changes the text" % option)
    check(b"\x1b[" not in run("--color=never", path)[1], "never")


def terminal_has_colours():
    """On a terminal by itself; not with NO_COLOR or a dumb one."""
    import pty
    path = os.path.join(DATA, "malformed", "escape-in-header.sip")
    for env, wanted in (({"TERM": "xterm", "NO_COLOR": ""}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                        ({"TERM": "dumb", "NO_COLOR": ""}, False)):
        master, slave = pty.openpty()
        inner = os.path.join(BUILD, ".libs", "peal-parse")
        program = inner if os.path.exists(inner) else os.path.join(BUILD, "peal-parse")
        library = {"LD_LIBRARY_PATH": os.path.join(BUILD, ".libs")}
        child = subprocess.Popen([os.path.abspath(program), path], stdout=slave,
                                 env=dict(os.environ, **library, **env))
        os.close(slave)
        out = b""
        try:
            while True:
                part = os.read(master, 65536)
                if not part:
                    break
                out += part
        except OSError:
            pass # the other side is closed
        os.close(master)
        check(child.wait(PATIENCE_S) == 0 and (b"\x1b[" in out) == wanted, "%s" % env)
        check(b"\x1b[31mred" not in out and out.count(b"\\x1b[31mred") == 2, "an escape came through")


def wrong_command_lines():
    path = os.path.join(DATA, "rfc4475", "wsinv.sip")
    for options, word in ((("--nonsense",), "--nonsense"), (("-x",), "-x"), (("--color=red", path), "red"),
                          (("--stream=1",), "--stream=1"), (("--stream", "--text"), "--text"),
                          (("--quiet", "--roundtrip"), "--quiet"), (("/no/such/file",), "/no/such/file"),
                          ((DATA,), DATA)):
        code, out, errors = run(*options)
        check(code == 2 and errors.count("\n") == 1 and word in errors and errors.startswith("peal-parse: "),
              "%s: %d %r" % (options, code, errors))
        check(out == b"", "%s: output" % (options,))
    code, _, errors = run("--quiet", "/no/such/file", os.path.join(DATA, "rfc4475", "quotbal.sip"))
    check(code == 2 and errors.count("\n") == 2, "%d %s" % (code, errors))


def help_and_version():
    code, out, errors = run("--help")
    check(code == 0 and b"--roundtrip" in out and not errors, "--help")
    code, out, errors = run("--version")
    check(code == 0 and out.startswith(b"peal-parse ") and not errors, "--version")


def unwritable_output():
    if not os.path.exists("/dev/full"):
        return
    inner = os.path.join(BUILD, ".libs", "peal-parse")
    program = inner if os.path.exists(inner) else os.path.join(BUILD, "peal-parse")
    with open("/dev/full", "wb") as full, tempfile.TemporaryFile() as errors:
        env = dict(os.environ, LD_LIBRARY_PATH=os.path.join(BUILD, ".libs"))
        code = subprocess.run([os.path.abspath(program), os.path.join(DATA, "rfc4475", "wsinv.sip")], stdout=full,
                              stderr=errors, env=env, timeout=PATIENCE_S, check=False).returncode
        errors.seek(0)
        check(code == 2 and b"standard output" in errors.read(), "exit %d" % code)


def main():
    failed = 0
    for test in (every_good_message_comes_back, all_files_in_one_run, structure_is_shown, parts_are_shown, canonical_form_is_one,
                 standard_input_is_read, each_fault_is_told, the_caret_points, quiet_and_roundtrip_say_no_more,
                 one_bad_file_among_good_ones, nothing_acts_on_the_terminal, a_stream_is_taken_apart,
                 a_broken_stream_is_told, text_from_captures, text_offsets_are_those_of_the_file, colours,
                 terminal_has_colours, wrong_command_lines, help_and_version, unwritable_output):
        try:
            test()
            print("ok   %s" % test.__name__)
        except (Failed, OSError, ValueError, IndexError, AttributeError, subprocess.SubprocessError) as e:
            failed += 1
            print("FAIL %s: %s" % (test.__name__, e))
    print("%d failed" % failed)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
