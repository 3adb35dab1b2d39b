"""Mutation testing: change the rules a little, thousands of times, and see that a test notices.

``make mutate`` runs it; ``[tool.mutmut]`` in pyproject.toml says which files are mutated and which
tests have to notice. Modules are tried in an order that a seed gives, until the time is up, so runs
with other seeds come to all of them. The answer is in ``mutants/summary.md``: how many of how many
were killed, and each survivor as a difference. Leaves with 1 if too many survive.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).parents[2]
MUTANTS = ROOT / "mutants"
SUMMARY = MUTANTS / "summary.md"
LOG = ROOT / "mutants.log"

LEAST = 90
"""Per cent of the mutants that must be killed."""

EXAMPLES = "15"
"""How many of its many examples a property is tried with; ten thousand mutants are."""

AT_ONCE = 8
"""Modules in one call of mutmut: each call runs the tests twice before it begins."""

KILLED = {"killed", "timeout", "segfault", "suspicious", "caught by type check"}
ALIVE = {"survived", "no tests"}


@dataclass
class Module:
    """What became of the mutants of one file."""

    path: str
    killed: int = 0
    alive: list[str] = field(default_factory=list)
    untried: int = 0

    @property
    def tried(self) -> int:
        return self.killed + len(self.alive)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")


def mutated_files() -> list[str]:
    """The files that pyproject.toml has mutated, as paths from the root."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["mutmut"]["only_mutate"]
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "app").rglob("*.py"))
    return [one for one in files if any(fnmatch.fnmatch(one, each) for each in patterns)]


def try_mutants(paths: list[str], processes: int, end_s: float) -> bool:
    """Try every mutant of some files; returns whether there was time for all of them.

    They are named, for then mutmut first runs the very tests that are to notice. Otherwise a test
    whose name no command line can take would seem to kill every mutant.
    """
    patterns = [f"{Module(path).name}.x*" for path in paths]
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *patterns]
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        try:
            process.wait(max(end_s - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # what has been tried is kept
            process.wait()
            return False
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    if process.returncode:
        raise SystemExit("mutmut could not begin: mutants.log says why")
    return True


def read(path: str) -> Module:
    """What is known of a file's mutants by now."""
    data = SourceFileMutationData(path=path)
    data.load()
    found = Module(path)
    for name, code in data.exit_code_by_key.items():
        status = status_by_exit_code[code]
        if status in KILLED:
            found.killed += 1
        elif status in ALIVE:
            found.alive.append(name)
        else:
            found.untried += 1
    return found


def difference(name: str) -> str:
    """What a mutant changes."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    lines = [line for line in shown.splitlines() if not line.startswith(("# ", "--- ", "+++ "))]
    return "\n".join(lines)


def write_summary(modules: list[Module], seed: int) -> int:
    """Say what was found, in a file and on the screen; returns the per cent that were killed."""
    tried, killed = sum(one.tried for one in modules), sum(one.killed for one in modules)
    untried = sum(one.untried for one in modules)
    lines = [
        f"{killed:,} of {tried:,} mutants were killed: {share(killed, tried)}.",
        f"{untried:,} were not tried. The seed was {seed}.",
        "",
        "| file | killed | tried | |",
        "|---|--:|--:|--:|",
        *(
            f"| {one.path} | {one.killed} | {one.tried} | {share(one.killed, one.tried)} |"
            for one in modules
            if one.tried
        ),
    ]
    print("\n".join(lines))
    for one in modules:
        for name in one.alive:
            lines += ["", f"## {name}", "", "```diff", difference(name), "```"]
    SUMMARY.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"\nThe survivors are in {SUMMARY.relative_to(ROOT)}.")
    return 100 * killed // tried if tried else 0


def share(killed: int, tried: int) -> str:
    return f"{100 * killed / tried:.1f} %" if tried else "none tried"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="when to stop (30)")
    parser.add_argument("--seed", type=int, help="which modules come first (another each time)")
    parser.add_argument("--processes", type=int, default=2, help="mutants at once (2)")
    parser.add_argument("--only", default="*", help="files, as in 'app/domain/ical/*'")
    parser.add_argument("--keep", action="store_true", help="go on from what an earlier run found")
    options = parser.parse_args()
    # In the background a shell has interrupts ignored, and mutmut is stopped by one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.nice(10)
    os.environ["QHRONOS_TEST_EXAMPLES"] = EXAMPLES
    if not options.keep:
        shutil.rmtree(MUTANTS, ignore_errors=True)
    LOG.unlink(missing_ok=True)
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    files = [one for one in mutated_files() if fnmatch.fnmatch(one, options.only)]
    order = random.Random(seed).sample(files, len(files))
    end_s = time.monotonic() + options.minutes * 60
    for start in range(0, len(order), AT_ONCE):
        if not try_mutants(order[start : start + AT_ONCE], options.processes, end_s):
            break
    modules = [one for one in map(read, files) if one.tried or one.untried]
    return 0 if write_summary(modules, seed) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
