#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tree's habits: unique file names, no file over 1000 lines, no function over 70, 100 columns,
a licence line first, no dead source, no note left for later, no sleeping test; and the identity
hashes written in the code are the hashes of the names beside them."""
import collections
import os
import re

import check_kit as kit

# Same name in each library on purpose: <peal/version.h>, <peal/sip/version.h>, <peal/sdp/version.h>.
SHARED_NAMES = {"sources.mk", "README.md", "version.h", "run.sh"}
LICENCE = "SPDX-License-Identifier: MIT"
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def check_names(report):
    places = collections.defaultdict(list)
    for relative in kit.tree((".c", ".h", ".py", ".sh", ".md", ".mk", ".xml")):
        places[os.path.basename(relative)].append(relative)
    for name, found in sorted(places.items()):
        report.check(len(found) == 1 or name in SHARED_NAMES, f"one name twice: {' '.join(found)}")


def check_text(report):
    for relative in kit.tree((".c", ".h", ".h.in", ".py", ".sh")):
        lines = kit.read(relative).splitlines()
        at = 1 if lines and lines[0].startswith("#!") else 0
        report.check(len(lines) > at and LICENCE in lines[at], f"{relative}: no licence line first")
        report.check(len(lines) <= 1000, f"{relative}: {len(lines)} lines, more than 1000")
        late = [n + 1 for n, line in enumerate(lines) if LATER.search(line)]
        report.check(not late, f"{relative}:{late[:1]}: work left for later")


def check_c_style(report):
    for relative in kit.tree((".c", ".h")):
        text = kit.read(relative)
        for number, line in enumerate(text.splitlines(), 1):
            # A line of a message is not broken to fit: string literals may be longer.
            message = line.lstrip().startswith('"') or r"\r\n" in line
            wide = len(line) > 100 and not message
            if wide or "\t" in line or line != line.rstrip():
                report.check(False, f"{relative}:{number}: over 100 columns, a tab or a space at the end")
        for start, body in functions(text):
            report.check(body <= 70, f"{relative}:{start}: a function of {body} lines, more than 70")


def functions(text):
    """(line of the opening brace, lines inside) of each function in this house's style."""
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            yield start, number - start - 1
            start = 0


def check_dead(report):
    listed = set()
    for relative in kit.tree((".mk",)):
        for words in kit.make_variables(relative).values():
            listed.update(words)
    for relative in kit.tree((".c",), ("framework", "sipstack", "sdp", "apps", "test")):
        report.check(relative in listed, f"{relative} is in no sources.mk: it is neither built nor shipped")
    for relative in kit.tree((".h",), kit.LIBRARY_PACKAGES + ["apps", "test"]):
        report.check(relative in listed, f"{relative} is in no sources.mk: it is not shipped")


def check_sleeps(report):
    for relative in kit.tree((".c",), ("test",)):
        text = kit.without_comments(kit.read(relative))
        report.check(not re.search(r"\b(sleep|usleep|nanosleep)\s*\(", text) or "/bench/" in relative,
                     f"{relative}: a test waits for what happens, not for time")


def fnv1a(name):
    value = 0xcbf29ce484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return value


def check_hashes(report):
    for relative in kit.tree((".c", ".h"), ("framework", "sipstack", "sdp", "apps", "test", "examples")):
        for name, number in re.findall(r'"(peal[\w./-]*/\d+)",\s*(?:UINT64_C\()?(0x[0-9a-fA-F]{9,})',
                                       kit.read(relative)):
            report.check(int(number, 16) == fnv1a(name),
                         f"{relative}: the hash of {name} is {fnv1a(name):#018x}, not {number}")


def main():
    report = kit.Report()
    for name, check in (("names are unique", check_names), ("licence, size, nothing left", check_text),
                        ("style", check_c_style), ("every file is built and shipped", check_dead),
                        ("no test sleeps", check_sleeps), ("identity hashes", check_hashes)):
        report.test(name)
        check(report)
    report.finish()


if __name__ == "__main__":
    main()
