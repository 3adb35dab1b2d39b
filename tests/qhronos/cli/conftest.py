"""The command line on a real application, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask

from qhronos import Client
from qhronos.cli.main import main
from tests.qhronos.conftest import AT_ONCE, TOKEN, URL

SETTINGS = ("QHRONOS_URL", "QHRONOS_TOKEN", "QHRONOS_PROFILE", "WEBHOOK_SECRET")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without profiles, in an empty directory."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command of this user."""

    def command(*words: str) -> Ended:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return command


@pytest.fixture
def to_app(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    """Has commands call the application without a socket, whatever address they know."""

    def make(_url: str, token: str) -> Client:
        return Client(URL, token, transport=httpx.WSGITransport(app=app), retries=AT_ONCE)

    monkeypatch.setattr("qhronos.cli.session.make_client", make)
    monkeypatch.setattr("qhronos.cli.commands.login.make_client", make)


@pytest.fixture
def on_app(run: Run, to_app: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command with the master token of the application."""
    monkeypatch.setenv("QHRONOS_URL", URL)
    monkeypatch.setenv("QHRONOS_TOKEN", TOKEN)
    return run
