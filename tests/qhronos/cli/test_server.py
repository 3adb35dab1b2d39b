"""``qhronos up`` starts the server where its files are, with the settings of where it is called.

qhronos/cli/server.py and the commands that use it; ``make package`` starts it for real.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from qhronos.cli.main import main
from qhronos.cli.server import CantStart, server_environment
from qhronos.installation import server_directory, version
from tests.docs.pages import ROOT


def test_paths_of_the_current_directory_stay_its_own(tmp_path: Path) -> None:
    """Data, files with secrets and ``.env`` are those of the place where it was started."""
    (tmp_path / ".env").write_text("QHRONOS_PORT=9000\nQHRONOS_MASTER_TOKEN_FILE=token\n")
    environ = server_environment({"QHRONOS_JWT_SECRET_FILE": "/run/jwt"}, ROOT, tmp_path)
    assert environ["QHRONOS_DATA_DIR"] == str(tmp_path / "data")
    assert environ["QHRONOS_PORT"] == "9000"
    assert environ["QHRONOS_MASTER_TOKEN_FILE"] == str(tmp_path / "token")
    assert environ["QHRONOS_JWT_SECRET_FILE"] == "/run/jwt"
    assert environ["PYTHONPATH"] == str(ROOT)
    environ = server_environment({"QHRONOS_DATA_DIR": "/srv/q", "PYTHONPATH": "/x"}, ROOT, tmp_path)
    assert environ["QHRONOS_DATA_DIR"] == "/srv/q"
    assert environ["PYTHONPATH"] == f"{ROOT}{os.pathsep}/x"


def test_a_data_directory_that_is_named_in_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "where").write_text("elsewhere\n")
    environ = server_environment({"QHRONOS_DATA_DIR_FILE": "where"}, ROOT, tmp_path)
    assert environ["QHRONOS_DATA_DIR"] == str(tmp_path / "elsewhere")
    assert "QHRONOS_DATA_DIR_FILE" not in environ


def test_a_setting_that_cant_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CantStart, match="save it as UTF-8"):
        server_environment({}, ROOT, tmp_path)
    with pytest.raises(CantStart, match="names a file that can't be read"):
        server_environment({"QHRONOS_DATA_DIR_FILE": "no-such-file"}, ROOT, tmp_path / "x")


@pytest.mark.parametrize(
    ("words", "argv"),
    [
        (["up"], ["app.runtime"]),
        (["up", "--no-inbox", "--accept-empty"], ["app.runtime", "--no-inbox", "--accept-empty"]),
        (["archive", "verify"], ["app.runtime", "archive", "verify"]),
        (
            ["archive", "query", "--tag", "-a", "--tag", "b", "--from", "2026-01-01T00:00:00Z"],
            [
                "app.runtime",
                "archive",
                "query",
                "--from=2026-01-01T00:00:00Z",
                "--tag=-a",
                "--tag=b",
            ],
        ),
        (
            ["archive", "query", "--events", "--json", "--limit", "3", "--id", "x"],
            ["app.runtime", "archive", "query", "--id=x", "--limit=3", "--events", "--json"],
        ),
        (
            ["archive", "restore", "--all", "--event", "e", "--status", "failed", "--to", "t"],
            [
                *("app.runtime", "archive", "restore", "--event=e", "--status=failed", "--to=t"),
                *("--limit=10000", "--all"),
            ],
        ),
        (["inspect", "some-id"], ["app.runtime", "inspect", "some-id"]),
        (["rebalance", "--partitions", "8"], ["app.runtime", "rebalance", "--partitions", "8"]),
        (["backup", "-"], ["app.backup", "backup", "-"]),
        (["backup", "verify", "/b"], ["app.backup", "backup", "verify", "/b"]),
        (["backup", "/b", "--key", "/k"], ["app.backup", "backup", "/b", "--key", "/k"]),
        (["restore", "/b", "--again", "/l"], ["app.backup", "restore", "/b", "--again", "/l"]),
        (
            ["restore", "/b", "--accept-lost-key"],
            ["app.backup", "restore", "/b", "--accept-lost-key"],
        ),
    ],
)
def test_it_becomes_the_program_that_make_run_starts(
    words: list[str], argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same process, so that signals reach it, and where no file of the user is."""
    seen: list[Any] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "execve", lambda *call: seen.append((Path.cwd(), *call)))
    main(words)
    ((place, program, given, environ),) = seen
    assert place == server_directory() == ROOT
    assert program == sys.executable
    assert given == [sys.executable, "-m", *argv]
    assert environ["QHRONOS_DATA_DIR"] == str(tmp_path / "data")


def test_without_the_servers_packages_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("qhronos.cli.server.NEEDED", ("no_such_package",))
    assert main(["up"]) == 2
    assert "pip install 'qhronos[server]'" in capsys.readouterr().err


def test_the_version_is_that_of_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"qhronos {version()}\n"
