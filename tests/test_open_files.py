"""Every process may open as many files as its host lets it."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from app.open_files import open_file_limit, raise_open_file_limit
from tests.support.processes import ROOT

PRINT = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))"


def limits_after(code: str, limits: tuple[int, int]) -> str:
    """Run code in a process that starts with these limits; returns those that hold after it."""

    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    run = [sys.executable, "-c", f"{code}; {PRINT}"]
    return subprocess.run(
        run, cwd=ROOT, preexec_fn=lower, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    code = "from app.open_files import raise_open_file_limit as r; assert r() == 512"
    assert limits_after(code, (128, 512)) == "(512, 512)"


def test_no_limit_is_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _: unlimited)
    assert open_file_limit() > 1_000_000


def test_a_system_that_refuses_leaves_it_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_open_file_limit() == before[0]
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


@pytest.mark.parametrize(
    "path", ["app/workers.py", "app/runtime/__main__.py", "gunicorn.conf.py", "wsgi.py"]
)
def test_every_program_raises_it_before_anything_else(path: str) -> None:
    """The file of each program says so; what it starts inherits the limit."""
    text = Path(ROOT, path).read_text(encoding="utf-8")
    assert re.search(r"^ *(_files = )?raise_open_file_limit\(\)$", text, re.MULTILINE)
