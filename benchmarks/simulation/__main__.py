"""``python -m benchmarks.simulation``: what sizes need; with ``--compare``, real runs beside it."""

from __future__ import annotations

import argparse

from benchmarks import support
from benchmarks.simulation.compare import SETTINGS, compare
from benchmarks.simulation.tables import all_tables
from benchmarks.support import say


def main() -> None:
    """Print the tables, or the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", action="store_true", help="with real runs on this machine")
    parser.add_argument("--only", type=int, action="append", help="one of its settings, from 0")
    given = parser.parse_args()
    if given.compare:
        compare([SETTINGS[one] for one in given.only] if given.only else SETTINGS)
        return
    for name, table in all_tables().items():
        say(f"{name}\n\n{table}")


if __name__ == "__main__":
    support.main(main)
