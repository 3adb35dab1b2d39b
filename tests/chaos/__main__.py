"""``python -m tests.chaos [--seconds 600] [--seed N]``: prove that nothing is lost."""

from __future__ import annotations

import argparse
import secrets
import sys

from tests.chaos.run import chaos

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None, help="of a run to be repeated")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    verdict = chaos(seed, given.seconds, lambda line: print(line, flush=True))
    print("lost nothing" if not verdict.problems else f"BROKEN, seed {seed}")
    sys.exit(1 if verdict.problems else 0)
