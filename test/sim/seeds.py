#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""peal-sim: a fixed set of seeds and a fresh one, the same trace in every process, kept scenarios,
and the command line; test/mutations fits the tree. A failing scenario is kept in $PEAL_SIM_KEEP,
else in sim-failed."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

SEEDS = (1, 2, 3, 4, 5, 6)
CALLS = 60
FRESH_CALLS = 200
TIMEOUT_S = 300

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(os.environ.get("top_builddir", "."), "peal-sim")

FIRST = "peal-sim scenario 1\n"
HOSTS = "host ua threads=1\nhost ua threads=3\n"
CALL = "call number=1 from=1 to=2 answer=9 answer_code=200\n"
NO_SCENARIOS = (
    "", "end\n",
    HOSTS + CALL + "end\n",                            # what is it?
    "peal-sim scenario 9\n" + HOSTS + CALL + "end\n",   # of another time
    FIRST + HOSTS + CALL,                              # cut
    FIRST + HOSTS + CALL + CALL + "end\n",             # two calls, one number
    FIRST + HOSTS + CALL.replace("=1", "=4000000000", 1) + "end\n",
    FIRST + HOSTS.replace("threads=1", "") + CALL + "end\n",
    FIRST + HOSTS + CALL.replace("to=2", "to=7") + "end\n",
)


class Failed(Exception):
    """Something is not as it should be."""


def check(fine, message):
    if not fine:
        raise Failed(message)


def keep_folder():
    folder = os.environ.get("PEAL_SIM_KEEP") or os.path.join(
        os.environ.get("top_builddir", "."), "sim-failed")
    os.makedirs(folder, exist_ok=True)
    return folder


def run(*options, env=None):
    done = subprocess.run([PROGRAM, *options], env=dict(os.environ, **(env or {})),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT_S,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def last_line(out):
    return dict(word.split("=", 1) for word in out.strip().split("\n")[-1].split())


def play(*options, env=None):
    """The last line of a run that must not break a rule."""
    code, out, errors = run(*options, env=env)
    if code == 1:
        _, out, errors = run(*options, "--shrink", "--keep", keep_folder(), env=env)
    check(code == 0, "%s: exit %d\n%s%s" % (" ".join(options), code, out, errors))
    line = last_line(out)
    check(list(line) == ["calls", "virtual_s", "wall_s", "trace"], "last line: %s" % line)
    return line


def fixed_seeds():
    for seed in SEEDS:
        line = play("--seed", str(seed), "--calls", str(CALLS))
        check(line["calls"] == str(CALLS), "seed %d: %s calls" % (seed, line["calls"]))


def options_count():
    play("--seed", "7", "--calls", "40", "--loss", "30", "--hosts", "3",
         "--faults", "loss,duplicate,reorder,partition")
    play("--seed", "8", "--calls", "40", "--hosts", "1", "--faults", "none")
    play("--seed", "9", "--calls", "40", "--loss", "0", "--hosts", "20", "--faults", "all")


def same_everywhere():
    """Address space, environment and file system do not matter."""
    wish = ("--seed", "77", "--calls", "100")
    first = play(*wish)["trace"]
    for env in ({"MALLOC_PERTURB_": "165"}, {"PADDING": "x" * 50000}, {"TZ": "Asia/Tokyo"}):
        check(play(*wish, env=env)["trace"] == first, "another trace with %s" % list(env))
    check(play("--seed", "78", "--calls", "100")["trace"] != first, "two seeds, one trace")


def kept_scenarios():
    """Each broke something once."""
    for name in sorted(os.listdir(HERE)):
        if name.endswith(".scenario"):
            trace = play("--scenario", os.path.join(HERE, name))["trace"]
            again = play("--scenario", os.path.join(HERE, name))["trace"]
            check(trace == again, "%s: two traces" % name)


def refused(word, *options):
    code, out, errors = run(*options)
    lines = errors.strip().split("\n")
    check(code == 2 and not out, "%s: exit %d, %s" % (options, code, out))
    check(len(lines) == 1 and lines[0].startswith("peal-sim: ") and word in lines[0],
          "%s: %r" % (options, errors))


def command_line():
    refused("--nonsense", "--nonsense")
    refused("needs a value", "--seed")
    refused("--seed", "--seed", "one")
    refused("--calls", "--calls", "0")
    refused("--loss", "--loss", "101")
    refused("--hosts", "--hosts", "21")
    refused("--faults", "--faults", "loss,rain")
    refused("more", "more")
    refused("/nowhere/x", "--scenario", "/nowhere/x")
    for text in NO_SCENARIOS:
        with tempfile.NamedTemporaryFile("w", suffix=".scenario") as broken:
            broken.write(text)
            broken.flush()
            refused("no scenario", "--scenario", broken.name)
    with open("/dev/full", "wb") as full:
        code = subprocess.call([PROGRAM, "--calls", "1"], stdout=full, stderr=subprocess.DEVNULL)
        check(code == 1, "a full disk: exit %d" % code)
    for option in ("--help", "--version"):
        code, out, errors = run(option)
        check(code == 0 and "peal-sim" in out and not errors, option)


def mutations_fit():
    """A patch that does not apply any more finds nothing."""
    tree = os.path.dirname(os.path.dirname(HERE))
    folder = os.path.join(tree, "test", "mutations")
    patches = sorted(name for name in os.listdir(folder) if name.endswith(".patch"))
    check(len(patches) >= 10, "%d mutations" % len(patches))
    for name in patches if shutil.which("patch") else ():
        done = subprocess.run(["patch", "--dry-run", "--force", "-s", "-p1", "-d", tree, "-i",
                               os.path.join(folder, name)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
        check(done.returncode == 0, "%s: %s" % (name, done.stdout.decode()))


def fresh_seed():
    seed = str(random.SystemRandom().randrange(1 << 32))
    print("fresh seed %s" % seed, flush=True)
    play("--seed", seed, "--calls", str(FRESH_CALLS))


def main():
    failed = 0
    for test in (command_line, fixed_seeds, options_count, same_everywhere, kept_scenarios,
                 mutations_fit, fresh_seed):
        try:
            test()
            print("ok %s" % test.__name__)
        except (Failed, subprocess.TimeoutExpired) as why:
            failed += 1
            print("not ok %s: %s" % (test.__name__, why))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
