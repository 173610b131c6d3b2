#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the libraries export and what their objects ask of the system.

Exported: only peal_ names, each that a public header declares, under a versioned soname. Asked
for: sockets, clocks, threads and randomness by the port and the library adapters only, so that a
recorded run can be repeated; memory through one file; nothing that depends on the locale, nothing
that aborts or overruns."""
import os
import re
import subprocess

import check_kit as kit

LIBRARIES = {"libpeal": "framework", "libpeal-sip": "sipstack", "libpeal-sdp": "sdp",
             "libpeal-test": "test/kit"}
KIT = {"test/kit"}  # its memory is not the memory that it makes fail; it may end a test
PORT = {"framework/port", "framework/tls", "framework/dns"}
# What a recording has to know and knows from the port only, so that a replay does the same again:
# (pattern, packages or objects that may, why)
REPEATABLE = [
    (r"(socket|socketpair|bind|connect|listen|accept4?|send|sendto|sendm?msg|sendmmsg|recv|recvfrom"
     r"|recvm?msg|recvmmsg|[gs]etsockopt|getsockname|getpeername|shutdown|p?poll|p?select|epoll_\w+"
     r"|eventfd|pipe2?|getaddrinfo|gethostby\w+|if_nametoindex|getifaddrs|uv_\w+)", PORT,
     "sockets and waiting belong to the port"),
    (r"(clock_gettime|clock|gettimeofday|time|ftime|nanosleep|clock_nanosleep|usleep|sleep|alarm)",
     PORT, "clocks belong to the port"),
    (r"(getrandom|getentropy|arc4random\w*|random|rand|rand_r|srand|srandom|[delmn]rand48|RAND_\w+)",
     PORT, "randomness belongs to the port"),
    (r"(getpid|gettid|fork|pthread_create|pthread_join|pthread_cond_\w+|thrd_\w+)", PORT,
     "processes and system threads belong to the port"),
    (r"(getenv|secure_getenv|getppid|getuid|gethostname|uname|times|getrusage|sysinfo)", set(),
     "neither the environment nor the machine decides anything"),
    (r"(setlocale|localtime(_r)?|strcoll|strcasecmp|strncasecmp|strtod|atof|tolower|toupper|is(alpha"
     r"|alnum|digit|space|upper|lower|print|punct|xdigit)|__ctype_\w+)", set(),
     "output and input may not depend on the locale or the time zone"),
]
RULES = REPEATABLE + [
    (r"(malloc|calloc|realloc|reallocarray|free|strdup|strndup|posix_memalign|aligned_alloc|asprintf"
     r"|vasprintf|getline)", {"alloc.o"} | {"framework/tls", "framework/dns"} | KIT,
     "memory comes from peal_alloc()"),
    (r"(gets|strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atoll|alloca|system|popen|tmpnam)",
     set(), "unsafe"),
    (r"(exit|_exit|quick_exit)", KIT, "a library does not end its process"),
    (r"(printf|puts|putchar|perror)", set(), "a library does not write to standard output"),
]


# What the C library itself allocated is given back to it: backtrace_symbols() in the debugging aids.
GIVES_BACK = {("ecom_debug.o", "free")}


def nm(*arguments):
    done = subprocess.run([os.environ.get("NM", "nm").split()[0], *arguments], text=True,
                          capture_output=True, check=False)
    return done.returncode, done.stdout


def exported(name):
    """Symbols that the shared library offers."""
    code, output = nm("-D", "--defined-only", os.path.join(kit.BUILD, ".libs", f"{name}.so"))
    symbols = {line.split()[-1].split("@")[0] for line in output.splitlines() if line.split()}
    return None if code else {s for s in symbols if not s.startswith(("__odr_asan", "_init", "_fini"))}


def declared(folder):
    """Names that the public headers of one library declare with PEAL_API or by PEAL_INTERFACE."""
    names = {}
    for _, relative in kit.public_headers():
        if not relative.startswith(folder + "/"):
            continue
        text = kit.without_comments(kit.read(relative))
        text = re.sub(r"^[ \t]*#[ \t]*define(?:.*\\\n)*.*$", "", text, flags=re.MULTILINE)
        text = re.sub(r"PEAL_PRINTF\([^)]*\)|PEAL_MUST_CHECK", "", text)
        text = text.replace('__attribute__((visibility("")))', "PEAL_API")
        for declaration in re.findall(r"\bPEAL_API\b([^;{]*)[;{]", text):
            head = declaration.split("(", 1)[0] if "(" in declaration else declaration
            words = re.findall(r"\w+", re.sub(r"\[.*", "", head))
            if words:
                names[words[-1]] = relative
        for interface in re.findall(r"\bPEAL_INTERFACE\((\w+)\)", text):
            names[f"{interface}_iid"] = relative
    return names


def check_exports(report, library, folder):
    report.test(f"{library} exports its own names")
    symbols = exported(library)
    if not report.check(symbols is not None, f"{library}.so is not built"):
        return
    for symbol in sorted(symbols):
        report.check(symbol.startswith("peal_") and not symbol.startswith("peal__"),
                     f"{library}.so exports {symbol}")
    report.test(f"{library} has what its headers declare")
    for name, relative in sorted(declared(folder).items()):
        report.check(name in symbols, f"{relative} declares {name}, which {library}.so does not have")
    report.test(f"{library} has a versioned soname")
    done = subprocess.run(["readelf", "-d", os.path.join(kit.BUILD, ".libs", f"{library}.so")],
                          text=True, capture_output=True, check=False)
    report.check(re.search(rf"SONAME.*\[{re.escape(library)}\.so\.\d+\]", done.stdout) is not None,
                 f"{library}.so has no versioned soname")


def check_needs(report, library, package_of, rules):
    report.test(f"{library} asks for what it may")
    name = f"{library}-objs.a"
    inner = os.path.join(kit.BUILD, ".libs", name)
    code, output = nm("-A", "-u", inner if os.path.exists(inner) else os.path.join(kit.BUILD, name))
    report.check(code == 0, f"{name} is not built")
    for line in output.splitlines():
        match = re.match(r".*?([\w.-]+\.o):\s+[Uw]\s+(\w+)", line)
        if not match:
            continue
        thing, symbol = match.groups()
        package = package_of.get(thing, "?")
        for pattern, allowed, why in rules:
            if re.fullmatch(pattern, symbol):
                fine = package in allowed or thing in allowed or (thing, symbol) in GIVES_BACK
                report.check(fine, f"{package}/{thing} uses {symbol}: {why}")


def main():
    report = kit.Report()
    package_of = {}
    for folder, sources, _ in kit.packages():
        for source in sources:
            package_of[os.path.basename(source).replace(".c", ".o")] = folder
    for library, folder in LIBRARIES.items():
        check_exports(report, library, folder)
        check_needs(report, library, package_of, RULES)
    # What can be hosted elsewhere: its main() alone has signals and the like.
    check_needs(report, "libpeal-b2bua", {}, REPEATABLE)
    report.finish()


if __name__ == "__main__":
    main()
