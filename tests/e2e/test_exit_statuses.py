"""Each status of the table in docs/operations.md is what a process ends with then."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app.errors import ExitStatus
from app.runtime import __main__ as runtime
from app.runtime.embedded import EmbeddedStore
from tests.docs.pages import page
from tests.support.ports import free_port
from tests.support.processes import clean_environ
from tests.support.stack import SETTINGS
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
SECRETS = {f"QHRONOS_{name}": value for name, value in SETTINGS.items()}
PYTHON = sys.executable
TESTED = {0, 1, 2, 4, 10, 11, 12, 130}


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own directory: its paths are too long for a Unix socket.
    with tempfile.TemporaryDirectory(prefix="qhronos-") as name:
        yield Path(name)


def ended(*argv: str, cwd: Path = ROOT, **environ: str) -> tuple[int, list[str]]:
    """The status of a command and the lines that it wrote to standard error."""
    done = subprocess.run(
        [PYTHON, *argv],
        env={**clean_environ(), **SECRETS, **environ},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done.returncode, done.stderr.splitlines()


def test_the_table_has_every_status_that_there_is() -> None:
    listed = {int(cells[0]) for cells in page("docs/operations.md").rows("status")}
    assert listed == TESTED >= set(ExitStatus)


def test_0_when_it_is_told_to_stop() -> None:
    """Also while it waits for the store."""
    url = f"redis://127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [PYTHON, "worker.py", "deliver"],
        env={**clean_environ(), **SECRETS, "QHRONOS_REDIS_URL": url},
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    line = process.stderr.readline()
    assert "WARNING" in line
    assert "has nobody who listens there" in line
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == ExitStatus.OK
    process.stderr.close()


def test_1_for_a_broken_chain(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text('{"sequence": 7}\n')
    status, lines = ended("-m", "app.runtime", "audit-check", str(tmp_path / "audit.jsonl"))
    assert (status, len(lines)) == (ExitStatus.FAILED, 1)


@pytest.mark.parametrize("argv", [["worker.py"], ["-m", "gunicorn", "wsgi:app"]])
def test_2_for_wrong_settings(argv: list[str]) -> None:
    status, (line,) = ended(*argv, QHRONOS_REDIS_URL="redis://host/abc")
    assert status == ExitStatus.SETTINGS
    assert "QHRONOS_REDIS_URL must end in the number of a database" in line


def test_4_when_gunicorn_has_not_read_its_settings(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    argv = ["-m", "gunicorn", "--check-config", "--chdir", str(ROOT), "wsgi:app"]
    status, lines = ended(*argv, cwd=tmp_path, QHRONOS_REDIS_URL=url)
    assert status == 4
    assert "gunicorn.conf.py" in lines[-1]


@pytest.fixture
def locked_url(folder: Path) -> Iterator[str]:
    """A store that wants a password, and the URL of one that is not it."""
    with EmbeddedStore(folder, persist=False) as store:
        with redis.Redis.from_url(store.url) as client:
            client.config_set("requirepass", "the-right-one")
        yield store.url.replace("unix://", "unix://:the-wrong-one@")


@pytest.mark.parametrize(
    "argv", [["worker.py", "deliver"], ["worker.py"], ["-m", "gunicorn", "wsgi:app"]]
)
def test_10_for_a_store_that_refuses(locked_url: str, argv: list[str]) -> None:
    status, lines = ended(*argv, QHRONOS_REDIS_URL=locked_url)
    assert status == ExitStatus.REFUSED
    assert "does not take the user and password of QHRONOS_REDIS_URL" in lines[-1]
    assert "the-wrong-one" not in "".join(lines)


def test_10_for_a_broker_that_refuses(locked_url: str, store_url: str) -> None:
    urls = {"QHRONOS_REDIS_URL": store_url, "QHRONOS_BROKER_URL": locked_url}
    status, lines = ended("worker.py", "upkeep", **urls)
    assert status == ExitStatus.REFUSED
    assert lines[-1].startswith("The broker at ")
    assert "QHRONOS_BROKER_URL" in lines[-1]


def test_10_of_all_that_make_run_starts(locked_url: str, folder: Path) -> None:
    environ = {"QHRONOS_REDIS_URL": locked_url, "QHRONOS_DATA_DIR": str(folder / "data")}
    status, _ = ended("-m", "app.runtime", "--no-inbox", QHRONOS_PORT=str(free_port()), **environ)
    assert status == ExitStatus.REFUSED


def test_11_for_a_store_of_a_later_version(store_url: str, redis_client: redis.Redis) -> None:
    redis_client.hset("qh:meta", "schema", "999")
    status, (line,) = ended("worker.py", "deliver", QHRONOS_REDIS_URL=store_url)
    assert status == ExitStatus.LATER_STORE
    assert "A later version of Qhronos has used this store" in line


def test_12_for_damaged_files(folder: Path) -> None:
    """``make run`` says what to do, and what it says works."""
    with EmbeddedStore(folder) as store, redis.Redis.from_url(store.url) as client:
        client.set("a", 1)
    (file,) = (folder / "store" / "appendonlydir").glob("*.incr.aof")
    file.write_bytes(file.read_bytes() + b"\0" * 100)
    environ = {"QHRONOS_DATA_DIR": str(folder), "QHRONOS_PORT": str(free_port())}
    status, lines = ended("-m", "app.runtime", "--no-inbox", **environ)
    assert status == ExitStatus.DAMAGED
    assert "'python -m app.runtime repair' cuts off the last 100 bytes" in lines[-1]
    assert ended("-m", "app.runtime", "repair", **environ) == (ExitStatus.OK, [])
    with EmbeddedStore(folder) as store, redis.Redis.from_url(store.url) as client:
        wait_until(lambda: client.get("a") == b"1", "it is there")


def test_130_for_ctrl_c_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runtime, "prepare", interrupt)
    assert runtime.main([], {}) == 130
