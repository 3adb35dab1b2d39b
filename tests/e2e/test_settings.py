"""Wrong or missing settings stop every way of starting, with one message that names them all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.processes import Program, checkout, clean_environ
from tests.support.stack import GUNICORN, SETTINGS, WORKER

pytestmark = pytest.mark.e2e

RUN = (sys.executable, "-m", "app.runtime")
GOOD = {f"QHRONOS_{name}": value for name, value in SETTINGS.items()} | {
    "QHRONOS_REDIS_URL": "redis://127.0.0.1:1"
}
SECRETS = ("QHRONOS_MASTER_TOKEN", "QHRONOS_JWT_SECRET", "QHRONOS_SIGNING_SECRET")
PRODUCTION = pytest.mark.parametrize(
    "argv",
    [GUNICORN, WORKER, (*WORKER, "deliver"), (*WORKER, "scheduler")],
    ids=["web", "worker", "deliver", "scheduler"],
)


@pytest.fixture
def refuse(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a program that must refuse to run; returns the one line that it says."""
    checkout(tmp_path)
    started: list[Program] = []

    def start(argv: tuple[str, ...], settings: dict[str, str]) -> str:
        program = Program("refused", argv, clean_environ() | settings, cwd=tmp_path)
        started.append(program)
        program.start()
        assert program.wait() == 2
        (line,) = program.output.splitlines()
        return line

    yield start
    for program in started:
        program.kill()


@pytest.mark.parametrize("argv", [RUN, GUNICORN, WORKER], ids=["make run", "web", "worker"])
def test_wrong_settings_are_named_all_at_once(refuse, argv: tuple[str, ...]) -> None:
    """One message, exit status 2, and every wrong variable is in it."""
    wrong = {
        "QHRONOS_PORT": "eighty",
        "QHRONOS_LEASE": "soon",
        "QHRONOS_WORKERS": "0",
        "QHRONOS_JWT_SECRET": "short",
        "QHRONOS_REDIS_URL": "localhost",
        "QHRONOS_ALLOW_PRIVATE_TARGETS": "perhaps",
    }
    line = refuse(argv, GOOD | wrong)
    assert [name for name in wrong if name not in line] == []
    assert "short" not in line.replace("QHRONOS", "")


@PRODUCTION
def test_a_production_start_invents_no_secrets(refuse, argv: tuple[str, ...]) -> None:
    """Without the secrets wsgi.py and worker.py refuse, and name all three."""
    without = {name: value for name, value in GOOD.items() if name not in SECRETS}
    line = refuse(argv, without)
    assert [name for name in SECRETS if name not in line] == []


@PRODUCTION
def test_a_production_start_needs_a_store(refuse, argv: tuple[str, ...]) -> None:
    """Only ``make run`` brings a store of its own."""
    assert "QHRONOS_REDIS_URL" in refuse(argv, GOOD | {"QHRONOS_REDIS_URL": ""})


def test_an_unknown_role_is_refused(refuse) -> None:
    """worker.py says which roles there are."""
    assert "deliver | upkeep | scheduler" in refuse((*WORKER, "dance"), GOOD)
