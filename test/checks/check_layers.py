#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The include graph obeys the layers: each package includes only what stands to its left, other
packages only by a public header or their one <package>_priv.h, and system headers for sockets and
threads only in the port (and the adapters of the TLS and DNS libraries)."""
import os
import re

import check_kit as kit

FRAMEWORK = ["port", "base", "ecom", "thread"]
ADAPTERS = ["net", "tls", "dns"]
STACK = ["parser", "transport", "transaction", "core", "coresvc"]
# What even the port may use of base: names for results, text, addresses, memory, lists, trace.
VOCABULARY = {"base.h", "result.h", "features.h", "alloc.h", "list.h", "socket_addr.h", "trace.h",
              "version.h"}
UMBRELLAS = {"peal/peal.h": "framework/thread", "peal/sip/sip.h": "sipstack/useragent"}
# What implements an umbrella's own functions sees all of it.
IMPLEMENTS = {("framework/ecom/init.c", "peal/peal.h")}
SYSTEM_OF_PORT = re.compile(r"^(sys/(socket|epoll|eventfd|select|un|uio)\.h|netinet/|arpa/|net/if|"
                            r"poll\.h|uv\.h|uv/|pthread\.h|netdb\.h|linux/|sys/random\.h)")
MAY_USE_SYSTEM = {"framework/port", "framework/tls", "framework/dns"}


def allowed_packages():
    """Package folder -> folders it may include from, itself among them."""
    allowed = {}
    left = []
    for name in FRAMEWORK:
        left.append(f"framework/{name}")
        allowed[left[-1]] = set(left)
    framework = set(left)
    for name in ADAPTERS:
        allowed[f"framework/{name}"] = framework | {f"framework/{name}"}
    left = list(framework | {f"framework/{name}" for name in ADAPTERS})
    for name in STACK:
        left.append(f"sipstack/{name}")
        allowed[left[-1]] = set(left)
    for name in ("useragent", "proxy"):
        allowed[f"sipstack/{name}"] = set(left) | {f"sipstack/{name}"}
    base = {"framework/port", "framework/base"}
    allowed["sdp/parser"] = base | {"sdp/parser"}
    allowed["sdp/capabilities"] = base | {"sdp/parser", "sdp/capabilities"}
    # The test kit stands on the framework alone: its SIP peers are no part of the stack they test.
    allowed["test/kit"] = framework | {"test/kit"}
    return allowed


def home_of_headers():
    """Include name of each public header -> its package's folder."""
    home = {"peal/features.h": "framework/port"}
    for folder, _, headers in kit.packages():
        for header in headers:
            home[header.split("/include/", 1)[1]] = folder
    home.update(UMBRELLAS)
    home.update({f"peal/{name}": "framework/port" for name in VOCABULARY})
    return home


def includes(relative):
    for line in kit.read(relative).splitlines():
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield match.group(1), match.group(2)


def judge(folder, relative, bracket, name, home, allowed):
    """None when the include is right, or what is wrong with it."""
    if name == "config.h" or (relative, name) in IMPLEMENTS:
        return None
    if bracket == "<":
        if name.startswith("peal/"):
            target = home.get(name)
            if target is None:
                return "is in no package's list of public headers"
            return None if target in allowed else f"belongs to {target}"
        wrong = (folder not in MAY_USE_SYSTEM and SYSTEM_OF_PORT.match(name)
                 and relative != "framework/port/port_os.h")
        return "may be included by the port only" if wrong else None
    if not os.path.exists(kit.path(name)):
        return "is not given by its path from the top"
    target = os.path.dirname(name)
    if target == folder:
        return None
    own_header = target.replace("sdp/", "sdp_").split("/")[-1] + "_priv.h"
    if os.path.basename(name) not in (own_header, "port_os.h"):
        return "is an inner header of another package"
    return None if target in allowed else f"belongs to {target}"


def check_library(report, home, allowed):
    for folder, _, headers in kit.packages():
        inside = [f for f in kit.tree((".c", ".h"), (folder,))]
        for relative in inside + headers:
            limit = UMBRELLAS.get(relative.split("/include/")[-1], folder)
            for bracket, name in includes(relative):
                fault = judge(limit, relative, bracket, name, home, allowed[limit])
                report.check(fault is None, f"{relative}: {name} {fault}")


def check_users(report, home):
    """Applications and examples see public headers only (and their own, and the one private header
    of an application that they host)."""
    for relative in kit.tree((".c", ".h"), ("apps", "examples")):
        for bracket, name in includes(relative):
            folder, header = os.path.split(name)
            hosts = folder.startswith("apps/") and header == os.path.basename(folder) + "_priv.h"
            own = bracket == '"' and (hosts or folder == os.path.dirname(relative))
            fine = own or (bracket == "<" and (not name.startswith("peal/") or name in home))
            report.check(fine, f"{relative}: {name} is not public")


def main():
    report = kit.Report()
    home = home_of_headers()
    report.test("libraries include what stands left of them")
    check_library(report, home, allowed_packages())
    report.test("programs include public headers")
    check_users(report, home)
    report.test("public headers are installed")
    for name, relative in kit.public_headers():
        report.check(name in home, f"{relative} is in no package's list: it would not be installed")
    report.finish()


if __name__ == "__main__":
    main()
