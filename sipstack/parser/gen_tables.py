#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes char_table.c and header_hash.h. Run it by hand after changing a character class below or
the header table in peal/sip/header.h:

    python3 sipstack/parser/gen_tables.py

The parser's tests check both results against their sources, so a forgotten run fails them."""
import itertools, os, re, string

HERE = os.path.dirname(os.path.abspath(__file__))
ALNUM = set((string.ascii_letters + string.digits).encode())
UNRESERVED = ALNUM | set(b"-_.!~*'()")
VISIBLE = set(range(0x21, 0x7F)) | set(range(0x80, 0x100))

# RFC 3261 §25.1 unless said otherwise. In the order of the bits in parser_inner.h.
CLASSES = [
    ("TOKEN", ALNUM | set(b"-.!%*_+`'~")),
    ("WS", set(b" \t\r\n")),
    ("USER", UNRESERVED | set(b"&=+$,;?/%#")),  # '#': telephone keys, often left unescaped
    ("HOST", ALNUM | set(b"-._")),  # '_': not allowed in host names, but met
    ("PARAM", UNRESERVED | set(b"[]/:&+$%;=")),  # of a URI, with its separators
    ("HNV", UNRESERVED | set(b"[]/?:+$%&=")),  # headers of a URI, with their separators
    ("ANGLE", VISIBLE - set(b'<>"')),  # between < and >
    ("PVALUE", VISIBLE - set(b';,"<>')),  # unquoted value of a header parameter
    # name of a parameter of a header or URI
    ("PNAME", ALNUM | set(b"-.!%*_+`'~") | UNRESERVED | set(b"[]/:&+$")),
]


def char_table():
    rows = []
    for base in range(0, 256, 12):
        cells = []
        for c in range(base, min(256, base + 12)):
            cells.append("0x%03x" % sum(1 << i for i, (_, s) in enumerate(CLASSES) if c in s))
        rows.append("    " + ", ".join(cells) + ",")
    return "\n".join(rows)


def names():
    text = open(HERE + "/../include/peal/sip/header.h").read()
    found = re.findall(r'X\(([A-Z_]+), "([^"]+)", (\'.\'|0), ([A-Z_]+), [012]\)', text)
    out = {}
    for ident, name, compact, _ in found:
        out[name.lower()] = ident
        if compact != "0":
            out[compact[1].lower()] = ident
    return out


def slot(name, k, mask):
    n = len(name)
    c = [ord(name[0]), ord(name[n // 2]), ord(name[n - 1])]
    return (n * k[0] + c[0] * k[1] + c[1] * k[2] + c[2]) & mask


def perfect(all_names):
    for mask in (255, 511, 1023, 2047):
        for k in itertools.product(range(1, 32), range(1, 128, 3), range(1, 128, 5)):
            seen = set()
            for name in all_names:
                s = slot(name, k, mask)
                if s in seen:
                    break
                seen.add(s)
            else:
                return k, mask
    raise SystemExit("no perfect hash found")


def main():
    with open(HERE + "/char_table.c", "w") as f:
        f.write("/* SPDX-License-Identifier: MIT */\n"
                "/* Character classes of RFC 3261 §25.1, one bit each. Written by gen_tables.py. */\n"
                '#include "sipstack/parser/parser_inner.h"\n\n'
                "const uint16_t peal__sip_chars[256] = {\n" + char_table() + "\n};\n")
    table = names()
    k, mask = perfect(table)
    slots = {slot(n, k, mask): ident for n, ident in table.items()}
    with open(HERE + "/header_hash.h", "w") as f:
        f.write("/* SPDX-License-Identifier: MIT */\n"
                "/* Perfect hash of the header names. Written by gen_tables.py. */\n"
                "#ifndef PEAL_SIP_HEADER_HASH_H\n#define PEAL_SIP_HEADER_HASH_H\n\n"
                "enum {\n    PEAL__SIP_HASH_LENGTH = %d,\n    PEAL__SIP_HASH_FIRST = %d,\n"
                "    PEAL__SIP_HASH_MIDDLE = %d,\n    PEAL__SIP_HASH_MASK = %d\n};\n\n"
                "/* X(slot, id) */\n#define PEAL__SIP_HEADER_SLOTS(X)" % (*k, mask))
        for s in sorted(slots):
            f.write(" \\\n    X(%d, %s)" % (s, slots[s]))
        f.write("\n\n#endif\n")


main()
