"""The commands that an operator runs: re-encryption in production and of a local run."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.runtime.embedded import EmbeddedStore
from app.runtime.local import prepare
from app.services.queries import EventChanges
from app.setting_variables import load_settings
from app.wiring.services import build_services
from tests.support.processes import checkout, clean_environ

NEW_KEY = "another-encryption-key-of-the-tests!"
EVENT = {
    "name": "a",
    "start_time": 1_900_000_000_000,
    "action": webhook("https://example.com/"),
    "hmac_secret": "a secret of the event's",
}


@pytest.fixture
def project() -> Iterator[Path]:
    """A checkout in which 'make run' has been, with one secret stored."""
    # Not pytest's own directory: its paths are too long for a Unix socket.
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        directory = Path(name)
        checkout(directory)
        run = prepare({"QHRONOS_DATA_DIR": str(directory / "data")})
        with EmbeddedStore(directory / "data") as store:
            services = build_services(
                load_settings({**run.environ, "QHRONOS_REDIS_URL": store.url})
            )
            event = services.events.create(EventChanges(EVENT), MASTER)
            (directory / "event").write_text(ids.to_text(event.id))
            services.storage.client.close()
        yield directory


def run(directory: Path, *argv: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = clean_environ() | {f"QHRONOS_{name}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, *argv],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def test_reencrypt(project: Path) -> None:
    """With the old key at hand it succeeds, and then the old key is not needed any more."""
    argv = ("-m", "app.runtime", "reencrypt")
    refused = run(project, *argv, ENCRYPTION_KEY=NEW_KEY)
    assert refused.returncode == 2
    assert "QHRONOS_ENCRYPTION_KEY" in refused.stderr
    old = (project / "data" / "secrets" / "encryption_key").read_text()
    done = run(project, *argv, ENCRYPTION_KEY=NEW_KEY, ENCRYPTION_KEY_PREVIOUS=old)
    assert (done.returncode, done.stdout) == (0, "1 secrets were sealed anew.\n")
    secrets = sorted((project / "data" / "secrets").iterdir())
    (project / "data" / "secrets" / "encryption_key").unlink()
    lost = run(project, *argv)
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "QHRONOS_ENCRYPTION_KEY" in lost.stderr
    assert sorted((project / "data" / "secrets").iterdir()) == secrets[1:], "no key was made"
    again = run(project, *argv, ENCRYPTION_KEY=NEW_KEY)
    assert (again.returncode, again.stdout) == (0, "0 secrets were sealed anew.\n")


def test_inspect(project: Path) -> None:
    """It works while the store runs and while it does not, and shows no secret."""
    argv, event_id = ("-m", "app.runtime", "inspect"), (project / "event").read_text()
    stopped = run(project, *argv, event_id)
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert stopped.stdout.startswith(f"event {event_id}\n")
    assert re.search(r"SECRET +sec +\*\*\* \(\d+ bytes\)\n", stopped.stdout)
    assert EVENT["hmac_secret"] not in stopped.stdout
    with EmbeddedStore(project / "data"):
        running = run(project, *argv, event_id)
        assert (running.returncode, running.stdout) == (0, stopped.stdout)
        none = run(project, *argv, event_id[:-1])
    assert (none.returncode, none.stderr) == (
        1,
        f"The store has no event and no occurrence with the id '{event_id[:-1]}'.\n",
    )
    assert run(project, *argv).returncode == 2


def test_audit_check(tmp_path: Path) -> None:
    checkout(tmp_path)
    (tmp_path / "empty").touch()
    assert run(tmp_path, "-m", "app.runtime", "audit-check", "empty").stdout == (
        "The file has no entries.\n"
    )
    (tmp_path / "broken").write_text("x\n")
    broken = run(tmp_path, "-m", "app.runtime", "audit-check", "broken")
    assert (broken.returncode, broken.stderr) == (
        1,
        "The chain breaks at line 1: it is not an entry.\n",
    )
    assert run(tmp_path, "-m", "app.runtime", "audit-check").returncode == 2
