#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One run of the B2BUA under valgrind: no error, no leak. Skipped where valgrind is missing or the build has
sanitizers of its own."""
import os
import shutil
import sys

os.environ.setdefault("PEAL_PATIENCE", "5")

from flow_kit import Call, Dialog, feature, run  # noqa: E402

VALGRIND = ("valgrind", "-q", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
            "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=99",
            "--num-callers=30")


def calls(flow):
    """A few calls, one cancelled, one refused, then the usual end: exit 0 means valgrind is content."""
    b2bua, caller, callee = flow.trio("--t1-ms", 300, wrapper=VALGRIND)
    for _ in range(3):
        Call(b2bua, caller, callee).end()
    a = Dialog(caller, b2bua.address)
    a.invite()
    callee.reply(callee.expect("INVITE"), 486, "Busy", tag="x")
    callee.expect("ACK")
    a.ack(caller.expect(486))
    a = Dialog(caller, b2bua.address)
    a.invite()
    invite = callee.expect("INVITE")
    callee.reply(invite, 180, "Ringing", tag="r")
    caller.expect(180)
    a.cancel()
    a.ack(caller.expect_any(200, 487)[487])
    callee.reply(callee.expect("CANCEL"), 200, "OK", tag="r")
    callee.reply(invite, 487, "Request Terminated", tag="r")
    callee.expect("ACK")
    b2bua.wait_quiet(60)
    b2bua.stop()


if __name__ == "__main__":
    if not shutil.which("valgrind") or feature("PEAL_SANITIZED", unknown=False):
        sys.exit(77)
    run([calls], ["3"])
