#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The parser benchmark: Peal beside a bare line walk and the SIP parsers that are installed, each a
program of its own, same work, same messages, rounds interleaved, medians.

    bench_parser.py [--build DIR] [--rounds N] [--passes N] [--instructions] [--judge] [FILE...]

Without FILE the corpus. Messages that one of the parsers refuses, or reads differently, are left out
for all and counted. What program 3 writes is checked: the Via is in front, Max-Forwards one less.
--instructions counts with callgrind instead. --judge compares what Peal refuses of the malformed
messages with peal-parse, and says how many the others refuse."""
import argparse
import glob
import os
import re
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PEERS = ["walk", "peal", "sofia", "osip2", "re"]
TITLES = {"walk": "line walk", "peal": "Peal", "sofia": "Sofia-SIP", "osip2": "oSIP", "re": "libre"}
FIELDS = ["branch", "From tag", "To tag", "Call-ID", "CSeq", "method", "URI user", "URI host", "Contact",
          "Max-Forwards", "Expires"]


def call(program, *arguments):
    return subprocess.run([program, *arguments], stdout=subprocess.PIPE, check=True).stdout


def answers(program, what, listed):
    """Lines that start with "= "; some libraries print lines of their own."""
    return [line[2:] for line in call(program, what, listed).decode("latin-1").splitlines()
            if line.startswith("= ")]


def installed(build):
    found = {}
    for peer in PEERS:
        path = os.path.join(build, "bench_parser_" + peer)
        if os.path.exists(path):
            found[peer] = path
    return found


def write_list(folder, files):
    path = os.path.join(folder, "list")
    with open(path, "w") as f:
        f.write("".join(name + "\n" for name in files))
    return path


def common_files(programs, files, listed):
    """Files that all read alike."""
    rows = {peer: answers(path, "fields", listed)
            for peer, path in programs.items() if peer != "walk"}
    kept, differ = [], {}
    for number, name in enumerate(files):
        ours = rows["peal"][number]
        fine = ours != "refused"
        for peer, lines in rows.items():
            if lines[number] == "refused":
                differ.setdefault(peer, {}).setdefault("refused", []).append(name)
            elif lines[number] != ours:
                pairs = zip(FIELDS, lines[number].split(), ours.split())
                what = ", ".join(field for field, theirs, own in pairs if theirs != own)
                differ.setdefault(peer, {}).setdefault("reads other " + what, []).append(name)
            else:
                continue
            fine = False
        if fine:
            kept.append(name)
    for peer, kinds in differ.items():
        for kind, names in sorted(kinds.items()):
            print("  %s: %s: %d (%s …)" % (TITLES[peer], kind, len(names), os.path.basename(names[0])))
    return kept


def messages_of(output):
    while output:
        line, output = output.split(b"\n", 1)
        size = int(line.split()[1])
        yield output[:size]
        output = output[size:]


def check_written(programs, files, listed):
    """Program 3 of each did the work."""
    for peer, path in programs.items():
        if peer == "walk":
            continue
        for name, message in zip(files, messages_of(call(path, "write", listed))):
            with open(name, "rb") as f:
                before = f.read()
            head = message.split(b"\r\n\r\n", 1)[0]
            via = re.search(rb"^(?:via|v)[ \t]*:\s*(.*?)[\r,]", head + b"\r", re.I | re.M | re.S)
            hops = [re.search(rb"^max-forwards[ \t]*:\s*(\d+)", text, re.I | re.M) for text in (before, head)]
            fine = via and b"z9hG4bKbench0123" in via.group(1).replace(b" ", b"") and message[-60:] and (
                not hops[0] or (hops[1] and int(hops[1].group(1)) == max(0, int(hops[0].group(1)) - 1)))
            if not fine:
                sys.exit("bench_parser: %s writes %s wrongly:\n%s" % (TITLES[peer], name, head.decode("latin-1")))


def measure(programs, listed, rounds, passes):
    results = {(peer, program): [] for peer in programs for program in (1, 2, 3)}
    allocated = 0
    for turn in range(rounds):
        for program in (1, 2, 3):
            for peer, path in programs.items():
                ns, blocks = call(path, "time", str(program), str(passes), str(turn + 1), listed).split()
                results[peer, program].append(float(ns))
                if peer == "peal" and program < 3:
                    allocated += int(blocks)
    return {key: statistics.median(values) for key, values in results.items()}, allocated


def instructions(programs, listed, count):
    results = {}
    for peer, path in programs.items():
        for program in (1, 2, 3):
            with tempfile.TemporaryDirectory() as folder:
                out = os.path.join(folder, "out")
                run = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=parse_measured",
                                      "--callgrind-out-file=" + out, path, "once", str(program), "1", listed],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
                results[peer, program] = int(re.search(rb"Collected : (\d+)", run.stdout).group(1)) / count
    return results


def table(programs, results, unit):
    print("%-12s %10s %10s %10s   %s" % ("", "frame", "and read", "and write", unit))
    for peer in programs:
        print("%-12s" % TITLES[peer] + "".join(" %10.0f" % results[peer, program] for program in (1, 2, 3)))
    for peer in programs:
        if peer != "peal":
            print("Peal : %-9s" % TITLES[peer] + " : ".join(
                "%.2f" % (results["peal", p] / results[peer, p] if peer == "walk" else
                          results[peer, p] / results["peal", p]) for p in (1, 2, 3)) +
                  ("   (times the walk)" if peer == "walk" else "   (times faster)"))


def judge(programs, build, folder):
    files = sorted(glob.glob(os.path.join(TOP, "test/data/malformed/*.sip")) +
                   glob.glob(os.path.join(TOP, "test/data/rfc4475/*.sip")) +
                   glob.glob(os.path.join(TOP, "test/data/rfc5118/*.sip")))
    listed = write_list(folder, files)
    parse = os.path.join(build, "peal-parse")
    wanted = ["good" if subprocess.run([parse, "--quiet", name], stderr=subprocess.DEVNULL).returncode == 0
              else "refused" for name in files]
    verdicts = answers(programs["peal"], "judge", listed)
    wrong = [name for name, ours, theirs in zip(files, verdicts, wanted) if ours != theirs]
    if wrong:
        sys.exit("bench_parser: peal-parse judges otherwise: " + " ".join(wrong))
    print("%d of %d messages refused, as by peal-parse" % (verdicts.count("refused"), len(files)))
    for peer, path in programs.items():
        if peer not in ("walk", "peal"):
            lines = [subprocess.run([path, "judge", write_list(folder, [name])], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL) for name in files]
            crashed = sum(run.returncode < 0 for run in lines)
            print("%s refuses %d%s" % (TITLES[peer], sum(b"= refused\n" in run.stdout for run in lines),
                                       ", crashes on %d" % crashed if crashed else ""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=".")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--passes", type=int, default=100)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    programs = installed(options.build)
    with tempfile.TemporaryDirectory() as folder:
        if options.judge:
            judge(programs, options.build, folder)
            return
        files = options.files or sorted(glob.glob(os.path.join(TOP, "test/data/corpus/*/*.sip")))
        kept = common_files(programs, files, write_list(folder, files))
        listed = write_list(folder, kept)
        check_written(programs, kept, listed)
        mean = sum(os.path.getsize(name) for name in kept) / len(kept)
        print("%d of %d messages, %.0f bytes on average" % (len(kept), len(files), mean))
        if options.instructions:
            table(programs, instructions(programs, listed, len(kept)), "instructions a message")
            return
        results, allocated = measure(programs, listed, options.rounds, options.passes)
        table(programs, results, "ns a message, median of %d rounds" % options.rounds)
        print("heap allocations of Peal in programs 1 and 2: %d" % allocated)
        if allocated:
            sys.exit("bench_parser: packets must come from the pool alone")


if __name__ == "__main__":
    main()
