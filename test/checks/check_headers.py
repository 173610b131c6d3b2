#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header compiles alone, twice in one file, as C11 and as C++17, without a warning."""
import os
import shlex
import shutil
import subprocess
import tempfile

import check_kit as kit

FLAGS = ["-fsyntax-only", "-Wall", "-Wextra", "-pedantic", "-Werror"]
INCLUDES = [f"-I{kit.path(root)}" for root in kit.INCLUDE_ROOTS] + [
    "-I" + os.path.join(kit.BUILD, "framework", "include")]


def compilers():
    yield "C11", shlex.split(os.environ.get("CC", "cc")) + ["-x", "c", "-std=c11"]
    cxx = os.environ.get("CXX") or "c++"
    if shutil.which(shlex.split(cxx)[0]):
        yield "C++17", shlex.split(cxx) + ["-x", "c++", "-std=c++17"]
    else:
        print(f"no C++ compiler ({cxx}): the headers are checked as C only")


def main():
    report = kit.Report()
    with tempfile.TemporaryDirectory() as work:
        source = os.path.join(work, "alone.c")
        for language, command in compilers():
            for name in ["peal/features.h"] + [name for name, _ in kit.public_headers()]:
                with open(source, "w", encoding="utf-8") as file:
                    file.write(f"#include <{name}>\n#include <{name}>\nint alone;\n")
                report.test(f"<{name}> alone as {language}")
                done = subprocess.run(command + FLAGS + INCLUDES + [source], text=True,
                                      capture_output=True, check=False)
                report.check(done.returncode == 0, f"does not compile:\n{done.stderr}")
    report.finish()


if __name__ == "__main__":
    main()
