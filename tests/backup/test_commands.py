"""The commands, as operators run them.

Tests ``app.backup.__main__``, ``app.backup.loading``, ``app.backup.secrets`` and
``app.backup.wording``.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.backup import files, loading
from app.backup.__main__ import main
from app.domain.access import MASTER
from app.errors import ExitStatus
from app.runtime.embedded import EmbeddedStore
from app.runtime.local import prepare
from app.services.queries import EventChanges
from app.setting_variables import load_settings
from app.wiring.services import build_services
from tests.support.processes import ROOT
from tests.support.wait import wait_until

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command with settings; answers its status and what it says."""

    def run(*words: str, **settings: str) -> tuple[int, str, str]:
        given = {f"QHRONOS_{name}": value for name, value in settings.items()}
        capsys.readouterr()
        status = main(words, {"PATH": os.environ["PATH"], **given})
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a ``make run`` with one event that has a secret of its own."""
    directory = tmp_path_factory.mktemp("run")
    made = prepare({"QHRONOS_DATA_DIR": str(directory)})
    with EmbeddedStore(directory, fsync="everysec") as store:
        settings = load_settings({**made.environ, "QHRONOS_REDIS_URL": store.url})
        services = build_services(settings)
        services.storage.agreement.migrate()
        event = {"name": "e", "delay": "1h", "webhook": "https://example.com/"}
        services.events.create(EventChanges({**event, "hmac_secret": "x" * 16}), MASTER)
        services.storage.client.close()
    return directory


@pytest.fixture(scope="module")
def backup(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted backup of it; its key is beside it, in ``key``."""
    path = tmp_path_factory.mktemp("backups") / "backup"
    key = str(path.parent / "key")
    assert main(["backup", "new-key", key], {}) == ExitStatus.OK
    environ = {"QHRONOS_DATA_DIR": str(installation), "PATH": os.environ["PATH"]}
    assert main(["backup", str(path), "--key", key], environ) == ExitStatus.OK
    return path


def restore_of(backup: Path) -> tuple[str, ...]:
    return ("restore", str(backup), "--key", str(backup.parent / "key"))


def test_a_backup_is_taken_looked_at_and_restored(
    run: Run, backup: Path, installation: Path, tmp_path: Path
) -> None:
    """The secrets of a local run come along, so its tokens and signing secrets go on."""
    key = str(backup.parent / "key")
    status, said, _ = run("backup", "verify", str(backup), "--key", key)
    assert status == ExitStatus.OK
    assert re.search(r"is whole: taken .* \(schema \d+, encrypted\)", said)
    assert "1 event: 1 active" in said
    again = tmp_path / "again"
    words = (*restore_of(backup), "--again", str(again))
    status, said, problem = run(*words, DATA_DIR=str(tmp_path / "data"))
    assert status == ExitStatus.OK, problem
    assert again.read_text() == ""  # its one event is due in an hour
    assert "is delivered again, with the same webhook-id" in said
    for secret in ("master_token", "jwt_secret", "signing_secret", "encryption_key"):
        former = (installation / "secrets" / secret).read_text()
        assert (tmp_path / "data" / "secrets" / secret).read_text() == former
    status, _, problem = run(*restore_of(backup), DATA_DIR=str(tmp_path / "data"))
    assert (status, "not empty" in problem) == (ExitStatus.SETTINGS, True)


def test_one_that_is_not_encrypted_has_no_secrets_and_says_so(
    run: Run, installation: Path, tmp_path: Path
) -> None:
    """Without the key of before it is not restored, and nothing is left, unless that is accepted."""
    path, other = str(tmp_path / "plain"), tmp_path / "other"
    status, said, told = run("backup", path, DATA_DIR=str(installation))
    assert (status, said) == (ExitStatus.OK, "")
    assert "are not in it" in told
    assert "everything that was answered before" in told
    given = {"DATA_DIR": str(other), "JWT_SECRET": "another secret that is long enough"}
    for settings in (given, {"DATA_DIR": str(other)}):
        status, _, problem = run("restore", path, **settings)
        assert status == ExitStatus.FAILED
        assert "QHRONOS_ENCRYPTION_KEY" in problem
    assert not list(other.rglob("*"))
    assert run("restore", path, "--accept-lost-key", **given)[0] == ExitStatus.OK


def test_what_can_not_be_restored_leaves_nothing(run: Run, backup: Path, tmp_path: Path) -> None:
    """A cut file, another key, none, and a file that is none."""
    cut, other = tmp_path / "cut", tmp_path / "other key"
    cut.write_bytes(backup.read_bytes()[:-3])
    run("backup", "new-key", str(other))
    key = str(backup.parent / "key")
    into = {"DATA_DIR": str(tmp_path / "data")}
    for words, said in (
        ((str(cut), "--key", key), "cut off or changed"),
        ((str(backup), "--key", str(other)), "for another key"),
        ((str(backup),), "with --key"),
        ((str(other),), "no backup"),
        ((str(tmp_path / "missing"),), "can't be read"),
    ):
        status, _, problem = run("restore", *words, **into)
        assert (status, said in problem) == (ExitStatus.FAILED, True), problem
        assert problem.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_other_secrets_are_not_written_over(run: Run, backup: Path, tmp_path: Path) -> None:
    place = tmp_path / "secrets"
    place.mkdir()
    (place / "jwt_secret").write_text("another secret, of somebody else's")
    status, _, problem = run(*restore_of(backup), DATA_DIR=str(tmp_path))
    assert (status, "is another secret" in problem) == (ExitStatus.FAILED, True)
    assert [one.name for one in place.iterdir()] == ["jwt_secret"]


def test_a_server_that_can_not_load_it_is_said_to_be_missing(
    run: Run, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "servers", lambda: iter(()))
    key = str(backup.parent / "key")
    status, _, problem = run("backup", "verify", str(backup), "--key", key)
    assert (status, "install that server" in problem) == (ExitStatus.FAILED, True)


def test_words_that_are_no_command_are_refused(run: Run) -> None:
    status, _, problem = run("dance", "file")
    assert (status, "usage: python -m app.backup" in problem) == (ExitStatus.SETTINGS, True)
    assert run("backup", "new-key", "/missing/file")[0] == ExitStatus.FAILED
    with pytest.raises(SystemExit):
        run("backup")


def test_nothing_is_left_of_one_that_was_told_to_end(tmp_path: Path) -> None:
    """The snapshot of an encrypted backup would lie in clear in ``TMPDIR``."""
    pipe, room = tmp_path / "pipe", tmp_path / "room"
    os.mkfifo(pipe)
    room.mkdir()
    words = [sys.executable, "-m", "app.backup", "backup", "verify", str(pipe)]
    environ = {"PATH": os.environ["PATH"], "TMPDIR": str(room)}
    with subprocess.Popen(words, env=environ, cwd=ROOT, stderr=subprocess.PIPE) as process:
        wait_until(lambda: list(room.iterdir()), "it has made room")
        process.terminate()
        assert process.wait(20) == 128 + signal.SIGTERM
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert list(room.iterdir()) == []


def test_a_list_that_can_not_be_written_takes_nothing_of_a_restore_away(
    run: Run, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store was whole, and its secrets were removed."""

    def full(_place: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "flush", full)
    data, again = tmp_path / "data", str(tmp_path / "again")
    status, said, told = run(*restore_of(backup), "--again", again, DATA_DIR=str(data))
    assert (status, "is restored" in said) == (ExitStatus.OK, True), told
    assert "not listed" in told
    assert "No space left" in told
    assert (data / "secrets" / "encryption_key").exists()
