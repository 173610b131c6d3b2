#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seeds of a header family's fuzz target: header_seeds.py SOURCE EXAMPLES FOLDER. The kinds stand in
the target's source; each example of one of them becomes a file that begins with the kind's letter."""
import os
import re
import sys

MARKS = {"{CRLF}": "\r\n", "{TAB}": "\t", "{NUL}": "\0"}


def main():
    source, examples, folder = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        kinds = re.findall(r"PEAL_SIP_KIND_(\w+),", file.read())
    os.makedirs(folder, exist_ok=True)
    with open(examples, encoding="utf-8") as file:
        for number, line in enumerate(file):
            match = re.match(r"[+-] (\w+)(?: (.*?))?(?: => .*)?$", line.rstrip("\n"))
            if not match or match.group(1) not in kinds:
                continue
            text = match.group(2) or ""
            for mark, meaning in MARKS.items():
                text = text.replace(mark, meaning)
            letter = chr(ord("A") + kinds.index(match.group(1)))
            with open(os.path.join(folder, f"seed-{number}"), "wb") as out:
                out.write((letter + text).encode())


main()
