#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs one file of flows by hand:
#   sh test/flows/run_flow.sh NAME [MODE...]      as: run_flow.sh cancel 3 polled
# Needs a build in the current directory (or top_builddir), or PEAL_B2BUA=/path/to/peal-b2bua.
here=$(cd "$(dirname "$0")" && pwd)
name=$1
if [ -z "$name" ] || [ ! -f "$here/$name.py" ]; then
    echo "usage: run_flow.sh NAME [3|1|polled]...   NAME is one of:" >&2
    (cd "$here" && ls ./*.py | sed 's|^\./||; s|\.py$||; /flow_kit/d' | tr '\n' ' ') >&2
    echo >&2
    exit 2
fi
shift
top_srcdir=${top_srcdir:-$(cd "$here/../.." && pwd)}
top_builddir=${top_builddir:-$(pwd)}
PYTHONDONTWRITEBYTECODE=1
export top_srcdir top_builddir PYTHONDONTWRITEBYTECODE
exec python3 "$here/$name.py" "$@"
