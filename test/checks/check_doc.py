#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Doxygen reads all public headers without a warning: everything public is documented."""
import os
import shutil
import subprocess
import sys
import tempfile

import check_kit as kit


def main():
    report = kit.Report()
    report.test("documentation")
    if not shutil.which("doxygen"):
        print("doxygen is not installed: skipped")
        sys.exit(77)
    with open(kit.path("doc/Doxyfile"), encoding="utf-8") as file:
        settings = file.read()
    headers = [kit.path(relative) for _, relative in kit.public_headers()]
    with tempfile.TemporaryDirectory() as work:
        settings += (f'\nSTRIP_FROM_PATH = {kit.TOP}\nINPUT = {" ".join(headers)}\n'
                     f"OUTPUT_DIRECTORY = {work}\nGENERATE_HTML = NO\nGENERATE_XML = YES\n"
                     f"INCLUDE_PATH = {os.path.join(kit.BUILD, 'framework', 'include')}\n")
        done = subprocess.run(["doxygen", "-"], input=settings, text=True, capture_output=True,
                              check=False, cwd=work)
    warnings = [line for line in done.stderr.splitlines() if "warning:" in line or "error:" in line]
    for _, relative in kit.public_headers():
        own = [w.replace(kit.TOP + "/", "") for w in warnings if w.startswith(kit.path(relative) + ":")]
        report.check(not own, "\n" + "\n".join(own))
    known = tuple(header + ":" for header in headers)
    other = [w for w in warnings if not w.startswith(known)]
    report.check(not other, "\n" + "\n".join(other))
    report.check(done.returncode == 0 or bool(warnings), f"doxygen failed:\n{done.stderr}")
    report.finish()


if __name__ == "__main__":
    main()
