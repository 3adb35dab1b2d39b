"""``make screenshots``: pictures of every page of the console, light and dark, wide and narrow."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.console.visiting import NO_BROWSER, browser_python, chromium, visit
from tests.support.receiver import Receiver
from tests.support.stack import MASTER_TOKEN, Stack


def main() -> int:
    """Take them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the directory for the pictures")
    out = parser.parse_args().out.resolve()
    python, program = browser_python(), chromium()
    if python is None or program is None:
        sys.stderr.write(NO_BROWSER + "\n")
        return 1
    out.mkdir(parents=True, exist_ok=True)
    with Receiver() as receiver, Stack(workers=1) as stack:
        url = f"http://127.0.0.1:{stack.port}"
        found = visit(python, program, url, MASTER_TOKEN, receiver.url("/"), out)
    sys.stdout.write(f"{len(list(out.glob('*.png')))} pictures are in {out}.\n")
    sys.stdout.writelines(f"wrong: {one}\n" for one in found["problems"])
    return bool(found["problems"])


if __name__ == "__main__":
    sys.exit(main())
