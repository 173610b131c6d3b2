#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Command line of peal-b2bua: one clear line on standard error and exit status 2 for what is wrong."""
import os
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../flows"))
from flow_kit import HAVE_THREADS, PATIENCE, Failed, check, program, run  # noqa: E402


def invoke(*options):
    command, env = program()
    done = subprocess.run([*command, *options], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=20 * PATIENCE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def refused(words, *options):
    """Exit 2, nothing else than one line, which holds these words."""
    code, _, errors = invoke(*options)
    lines = errors.strip().split("\n")
    check(code == 2, "%s: exit %d, %s" % (options, code, errors))
    check(len(lines) == 1 and lines[0].startswith("peal-b2bua: "), "%s: %r" % (options, errors))
    for word in words:
        check(word in lines[0], "%s: no '%s' in: %s" % (options, word, lines[0]))


def wrong_values(_flow):
    refused(["--nonsense"], "--nonsense")
    refused(["needs a value", "--listen"], "--listen")
    refused(["needs a value", "--listen"], "--trace", "info", "--listen")
    refused(["more"], "more")
    refused(["'-x'"], "-x")
    refused(["'-xy'"], "-xy")
    refused(["'-xy'"], "--trace", "info", "-xy", "--threads", "polled")
    refused(["'--help=me'"], "--help=me")
    refused(["max-mbytes", "many"], "--max-mbytes", "many")
    refused(["listen", "udp:nowhere:1"], "--listen", "udp:nowhere:1")
    refused(["udp:127.0.0.1:99999"], "--listen", "udp:127.0.0.1:99999")
    refused(["http:1.2.3.4"], "--listen", "http:1.2.3.4")
    refused(["not built in"], "--listen", "tls:127.0.0.1:5061")
    refused(["not built in"], "--tls-cert", "x.pem")
    refused(["not built in"], "--dns", "127.0.0.1:53")
    refused(["threads", "4"], "--threads", "4")
    refused(["trace", "loud"], "--trace", "loud")
    refused(["max-calls", "-1"], "--max-calls", "-1")
    refused(["max-calls", "x"], "--max-calls", "x")
    refused(["t1-ms", "0"], "--t1-ms", "0")
    refused(["port", "epoll"], "--port", "epoll")


def wrong_next_hops(_flow):
    refused(["next-hop", "example.com"], "--next-hop", "example.com")
    refused(["cannot be resolved", "sip:host.example"], "--next-hop", "sip:host.example")
    refused(["not built in", "sips:"], "--next-hop", "sips:127.0.0.1")
    refused(["not built in"], "--next-hop", "sip:127.0.0.1;transport=tcp")
    for host in ("0.0.0.0", "255.255.255.255", "239.0.0.1", "[::]", "[ff02::1]"):
        refused(["next-hop", host], "--listen", "udp:127.0.0.1:0", "--listen", "udp:[::1]:0",
                "--next-hop", "sip:" + host)
    refused(["no local address", "sip:[::1]:5070"], "--listen", "udp:127.0.0.1:0", "--next-hop",
            "sip:[::1]:5070")


def wrong_addresses(_flow):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        for mode in ("3", "1", "polled") if HAVE_THREADS else ("polled",):
            refused(["127.0.0.1:%d" % port, "in use"], "--threads", mode, "--listen",
                    "udp:127.0.0.1:%d" % port)
    refused(["192.0.2.1:5060"], "--listen", "udp:192.0.2.1:5060")
    refused(["no local address", "0.0.0.0"], "--listen", "udp:0.0.0.0:0")
    refused(["local-address", "0.0.0.0"], "--local-address", "0.0.0.0")
    refused(["local-address", "224.0.0.1"], "--local-address", "224.0.0.1")
    for host in ("255.255.255.255", "239.0.0.1", "[ff02::1]"):
        refused(["listen", host], "--listen", "udp:%s:0" % host)


def config_file(_flow):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "b2bua.conf")

        def written(text):
            with open(path, "w") as f:
                f.write(text)

        refused(["missing.conf"], "--config", os.path.join(folder, "missing.conf"))
        refused(["cannot be read"], "--config", folder)
        written("# comment\n\nthreads = polled\nnonsense = 3\n")
        refused([path + ":4:", "nonsense"], "--config", path)
        written("threads\n")
        refused([path + ":1:", "name = value"], "--config", path)
        written("config = other\n")
        refused([path + ":1:", "another"], "--config", path)
        written("max-calls = many\n")
        refused([path + ":1:", "many"], "--config", path)
        written("x" * 5000 + "\n")
        refused([path + ":1:", "too long"], "--config", path)
        written("threads = polled\n  next-hop = sip:127.0.0.1:9  \nlisten=udp:nowhere:0\n")
        refused([path + ":3:", "nowhere"], "--config", path)


def help_and_version(_flow):
    code, out, errors = invoke("--help")
    check(code == 0 and "--next-hop" in out and not errors, "--help: %d %s" % (code, errors))
    code, out, errors = invoke("--version")
    check(code == 0 and out.startswith("peal-b2bua ") and not errors, "--version")


def config_works(flow):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
        f.write("# one file\nthreads = polled\nport = poll\nlisten = udp:127.0.0.1:0\n")
        f.flush()
        b2bua = flow.b2bua("--config", f.name)
        check(len(b2bua.bound) == 2, "listeners of file and command line: %s" % b2bua.bound)
        b2bua.stop()


def no_option(_flow):
    """Without any option it listens on 5060 and says so; an occupied port is said as well."""
    command, env = program()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        first = process.stdout.readline().decode()
        if not first:
            errors = process.stderr.read().decode()
            check(process.wait() == 2 and "5060" in errors, "no option: " + errors)
            return
        check("5060" in first, "no option: " + first)
        check(process.stdout.readline().decode() == "ready udp:127.0.0.1:5060\n", "ready")
        process.terminate()
        check(process.wait(20 * PATIENCE) == 0, "exit")
    except subprocess.TimeoutExpired:
        raise Failed("no option: does not end") from None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


if __name__ == "__main__":
    run([wrong_values, wrong_next_hops, wrong_addresses, config_file, help_and_version, config_works,
         no_option], ["3"])
