# SPDX-License-Identifier: MIT
"""What the checks of this folder share: the packages as their sources.mk tell, and the report.

Each check prints one line per finding and ends with the same line as a unit test of Check, so that
test/run.sh adds them up: `100%: Checks: 12, Failures: 0, Errors: 0`.
"""
import os
import re
import sys

TOP = os.environ.get("top_srcdir") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("top_builddir") or os.getcwd()

# Folder of each package that goes into a library, left to right as the layers stand.
LIBRARY_PACKAGES = [
    "framework/port", "framework/base", "framework/ecom", "framework/thread", "framework/net",
    "framework/tls", "framework/dns",
    "sipstack/parser", "sipstack/transport", "sipstack/transaction", "sipstack/core",
    "sipstack/coresvc", "sipstack/useragent", "sipstack/proxy",
    "sdp/parser", "sdp/capabilities",
    "test/kit",
]
INCLUDE_ROOTS = ["framework/include", "sipstack/include", "sdp/include", "test/kit/include"]


class Report:
    """Counts tests and prints what is wrong. A test holds many checks: one finding fails it."""

    def __init__(self):
        self.tests = {}
        self.name = None

    def test(self, name):
        """What is checked from now on belongs to this test."""
        self.name = name
        self.tests.setdefault(name, [0, 0])

    def check(self, fine, message):
        counts = self.tests[self.name]
        counts[0] += 1
        if not fine:
            counts[1] += 1
            print(f"{self.name}: {message}")
        return fine

    def finish(self):
        """A test that found nothing to check has failed too: it looked at the wrong place."""
        for name, (checks, _) in self.tests.items():
            if checks == 0:
                print(f"{name}: there was nothing to check")
        failed = sum(1 for checks, findings in self.tests.values() if findings or not checks)
        number = len(self.tests)
        percent = 100 * (number - failed) // max(number, 1)
        print(f"{percent}%: Checks: {number}, Failures: {failed}, Errors: 0")
        sys.exit(1 if failed or not number else 0)


def path(*parts):
    return os.path.join(TOP, *parts)


def read(relative):
    with open(path(relative), encoding="utf-8") as file:
        return file.read()


def make_variables(relative):
    """The variables that a sources.mk sets, each as a list of words."""
    variables = {}
    text = re.sub(r"\\\n", " ", read(relative))
    for name, sign, value in re.findall(r"^([\w]+)\s*(\+?=)(.*)$", text, re.MULTILINE):
        words = value.split("#")[0].split()
        variables[name] = (variables.get(name, []) if sign == "+=" else []) + words
    return variables


def packages():
    """(folder, sources, public headers) of each library package that exists."""
    result = []
    for folder in LIBRARY_PACKAGES:
        makefile = f"{folder}/sources.mk"
        if not os.path.exists(path(makefile)):
            continue
        variables = make_variables(makefile)
        sources = [w for n, v in variables.items() if n.endswith("_sources") for w in v]
        headers = [w for n, v in variables.items() if n.endswith("_headers") for w in v]
        result.append((folder, [w for w in sources if "/" in w], [w for w in headers if "/" in w]))
    return result


def public_headers():
    """Every header that is installed, as (include name, path from the top)."""
    found = []
    for root in INCLUDE_ROOTS:
        for folder, _, names in sorted(os.walk(path(root))):
            for name in sorted(names):
                if name.endswith(".h"):
                    full = os.path.join(folder, name)
                    found.append((os.path.relpath(full, path(root)), os.path.relpath(full, TOP)))
    return found


def tree(suffixes, folders=("framework", "sipstack", "sdp", "apps", "test", "examples", "doc")):
    """Paths from the top of all files with one of these suffixes."""
    found = []
    for start in folders:
        for folder, inner, names in os.walk(path(start)):
            inner[:] = sorted(d for d in inner if not d.startswith(".") and d != "__pycache__")
            for name in sorted(names):
                full = os.path.relpath(os.path.join(folder, name), TOP)
                if name.endswith(suffixes) and not full.startswith("doc/results"):
                    found.append(full)
    return found


def without_comments(text):
    """C text with comments and string contents blanked; line numbers stay."""
    def blank(match):
        piece = match.group(0)
        if piece.startswith('"') or piece.startswith("'"):
            return piece[0] + piece[-1]
        return re.sub(r"[^\n]", " ", piece)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.DOTALL)
