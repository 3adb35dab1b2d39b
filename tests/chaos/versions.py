"""``python -m tests.chaos.versions [--from REV] [--seconds 120] [--back]``: two versions together.

A rolling upgrade under load, judged as chaos is: all processes are of the earlier version first,
then whatever is killed comes back as either of the two, and in the end all are of this version.
If this version has another form of the store, the earlier one does not start on it, and what is
killed comes back as this one. With ``--back`` all go back to the earlier version once, and on
again. Each version is a directory, and both use the same installed packages.
"""

from __future__ import annotations

import argparse
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from app.store.migrations.schema import MIGRATIONS
from tests.chaos.faults import SCHEDULERS, UPKEEPS, WORKERS, Fault, Hand, planned
from tests.chaos.run import LEASE_S, Load, chaos
from tests.support.processes import CHECKOUT, ROOT, Program, checkout
from tests.support.stack import Stack

EARLIER, BOTH, THIS = "the earlier version", "both versions", "this version"
THERE = (EARLIER, BOTH, THIS)
AND_BACK = (*THERE, BOTH, EARLIER, BOTH, THIS)

BETWEEN_S = 0.7
"""From one program that is replaced to the next."""

_PROGRAMS = {"deliver": WORKERS, "scheduler": SCHEDULERS, "upkeep": UPKEEPS, "web": 1}


class Rolling(Hand):
    """Starts each program again as the version whose time it is."""

    def __init__(
        self, stack: Stack, say: Callable[[str], None], phases: Sequence[str], seconds: float
    ) -> None:
        super().__init__(stack, say)
        self._phases = phases
        self._each_s = seconds / len(phases)
        self._begun_s = 0.0
        self._chance = random.Random(0)
        self._this = stack.directory / "this"
        self._this.mkdir()
        checkout(self._this)
        self._has_own_form = schema_of(stack.directory) != len(MIGRATIONS)

    def run(self, faults: Sequence[Fault], seconds: float) -> None:
        """Do the faults, while the phases follow each other."""
        self._begun_s = time.monotonic()
        super().run(faults, seconds)

    def start(self, program: Program) -> None:
        """Start a program as the version of this moment."""
        number = int((time.monotonic() - self._begun_s) / self._each_s)
        phase = self._phases[min(number, len(self._phases) - 1)]
        if phase == BOTH:
            phase = THIS if self._has_own_form else self._chance.choice((EARLIER, THIS))
        program.home = self._this if phase == THIS else self.stack.directory
        self.say(f"  {program.name} comes back as {phase}")
        program.start()


def earlier(revision: str, directory: Path) -> None:
    """Put the checkout of a revision into a directory, in place of this one's."""
    for name in CHECKOUT:
        (directory / name).unlink()
    archive = ["git", "-C", str(ROOT), "archive", revision, "--", *CHECKOUT]
    packed = subprocess.run(archive, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(directory)], input=packed, check=True)


def schema_of(directory: Path) -> int:
    """The number of the form of the store that a checkout writes."""
    code = "from app.store.migrations.schema import MIGRATIONS; print(len(MIGRATIONS))"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=directory, check=True, capture_output=True, text=True)
    return int(done.stdout)


def upgrades(seed: int, seconds: float, phases: Sequence[str]) -> list[Fault]:
    """The faults of a run: those of its seed that end a process, and each change of versions."""
    ends = [one for one in planned(seed, seconds, LEASE_S) if one.how != "stop"]
    begins_s = [
        number * seconds / len(phases) for number, phase in enumerate(phases) if phase != BOTH
    ]
    replaced = [one for begin_s in begins_s[1:] for one in _replacing_all(begin_s)]
    return sorted([*ends, *replaced], key=lambda one: one.at_s)


def _replacing_all(begin_s: float) -> Iterator[Fault]:
    """Stop all programs but the store, one after another."""
    programs = [(target, number) for target, count in _PROGRAMS.items() for number in range(count)]
    for turn, (target, number) in enumerate(programs):
        yield Fault(begin_s + turn * BETWEEN_S, "term", target, number, 0.1)


def _schema_of_revision(revision: str) -> int:
    with tempfile.TemporaryDirectory(prefix="qhronos-") as directory:
        checkout(Path(directory))
        earlier(revision, Path(directory))
        return schema_of(Path(directory))


def main() -> int:
    """Run it; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="revision", default="HEAD~1", help="the earlier version")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=None, help="of a run to be repeated")
    parser.add_argument("--back", action="store_true", help="and back, and there again")
    given = parser.parse_args()
    if given.back and _schema_of_revision(given.revision) != len(MIGRATIONS):
        parser.error("the earlier version does not start on this one's form of the store")
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    phases = AND_BACK if given.back else THERE
    verdict = chaos(
        seed,
        given.seconds,
        lambda line: print(line, flush=True),
        Load(clients=8, series=4),
        prepare=partial(earlier, given.revision),
        faults=upgrades(seed, given.seconds, phases),
        make_hand=lambda stack, say: Rolling(stack, say, phases, given.seconds),
    )
    print("NOTHING IS WRONG" if not verdict.problems else f"BROKEN, seed {seed}")
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
