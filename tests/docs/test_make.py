"""``make run`` and the guide: built once, and never in the way of the start."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PYTHON = """#!/bin/sh
echo "$@" >> calls
case "$2" in sphinx) exit "$SPHINX_ENDS" ;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which everything is installed and Python only notes what it was asked."""
    for name in ("Makefile", *(path.name for path in ROOT.glob("requirements*.lock"))):
        shutil.copy(ROOT / name, tmp_path / name)
    stub = tmp_path / ".venv" / "bin" / "python"
    stub.parent.mkdir(parents=True)
    stub.write_text(PYTHON)
    stub.chmod(0o755)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for kind, lock in re.findall(r"/\.(runtime|docs)-\$\(call checksum,(\S+)\)", makefile):
        sums = subprocess.run(
            ["cksum", tmp_path / lock], capture_output=True, text=True, check=True
        )
        checksum = sums.stdout.split()[0]
        (tmp_path / ".venv" / f".{kind}-{checksum}").touch()
    return tmp_path


def make_run(checkout: Path, *, sphinx_ends: int = 0) -> tuple[list[str], str]:
    """What Python was asked for, by module, and what was said on the way."""
    (checkout / "calls").unlink(missing_ok=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ended = subprocess.run(
        ["make", "run"], cwd=checkout, env={**environ, "SPHINX_ENDS": str(sphinx_ends)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    asked = (checkout / "calls").read_text().splitlines()
    return [line.split()[1] for line in asked if line.startswith("-m")], ended.stderr


def test_the_first_start_builds_the_guide_and_later_ones_do_not(checkout: Path) -> None:
    assert make_run(checkout)[0] == ["sphinx", "app.runtime"]
    index = checkout / "docs" / "_build" / "html" / "index.html"
    index.parent.mkdir(parents=True)
    index.touch()
    assert make_run(checkout) == (["app.runtime"], "")


def test_a_guide_that_cant_be_built_does_not_stop_the_start(checkout: Path) -> None:
    """It says so in one line, and where to look."""
    asked, said = make_run(checkout, sphinx_ends=2)
    assert asked == ["sphinx", "app.runtime"]
    assert "The guide was not built ('make docs' says why)" in said
