"""A worker process that is told to stop ends, whatever RQ is doing at that moment."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rq.exceptions import StopRequested

from app import rq_queues, workers
from app.config import Settings
from app.domain import ids
from app.errors import ExitStatus, ShardUnavailable
from app.wiring.engine import Engine, build_engine
from tests.support.past import PastMaker
from tests.support.processes import ROOT, Program, clean_environ
from tests.support.wait import wait_until

SLOW_TO_IMPORT = """
import signal

print("importing", flush=True)
signal.pause()
raise AssertionError("the signal did not end the process")
"""


@pytest.fixture(autouse=True)
def _handlers_are_put_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class TakingItsLeave:
    """An RQ worker that gets the signal after its own work is over, as it unregisters."""

    def __init__(self) -> None:
        self.runs = 0

    def work(self, **_: object) -> None:
        self.runs += 1
        raise StopRequested


def test_told_to_stop_while_rq_takes_its_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    leaving = TakingItsLeave()
    monkeypatch.setattr(rq_queues, "worker", lambda *_, **__: leaving)
    engine = build_engine(Settings(redis_url="redis://127.0.0.1:1/0", jwt_secret="j" * 32))
    workers.deliver(engine)
    assert engine.stop.is_set()
    assert leaving.runs == 1


def test_a_process_that_ends_counts_as_alive_no_longer(store_url: str) -> None:
    """Whoever asks next finds it gone, as ``reencrypt`` does after a rolling restart."""
    engine = build_engine(Settings(redis_url=store_url, jwt_secret="j" * 32))
    alive = engine.services.processes.alive

    def run(_: Engine) -> None:
        wait_until(lambda: len(alive()) == 1, "it is alive")
        sys.exit(0)

    with pytest.raises(SystemExit):
        workers.announced(engine, run)
    assert alive() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("role", ["deliver", "upkeep", "scheduler", None])
def test_told_to_stop_while_it_is_still_importing(
    tmp_path: Path, role: str | None, number: signal.Signals
) -> None:
    """Nothing is under way yet: that is a clean stop, with exit status 0."""
    worker = _importing(tmp_path, role)
    worker.signal(number)
    assert worker.wait() == 0
    assert worker.output == "importing\n"


def test_reencrypt_that_was_ended_does_not_say_that_it_is_done(tmp_path: Path) -> None:
    worker = _importing(tmp_path, "reencrypt")
    worker.signal(signal.SIGTERM)
    assert worker.wait() == -signal.SIGTERM


def _importing(directory: Path, role: str | None) -> Program:
    """Start ``worker.py`` with an ``app.workers`` that never ends being imported."""
    (directory / "app").mkdir()
    (directory / "app" / "workers.py").write_text(SLOW_TO_IMPORT)
    (directory / "worker.py").symlink_to(ROOT / "worker.py")
    # (The directory of a link is not the one that Python puts first.)
    environ = clean_environ() | {"PYTHONPATH": str(directory), "PYTHONSAFEPATH": "1"}
    argv = [sys.executable, "worker.py", *([role] if role else [])]
    worker = Program("worker", argv, environ, cwd=directory)
    worker.start()
    wait_until(lambda: "importing" in worker.output, "it imports")
    return worker


def test_what_retention_deletes_is_archived_printed_and_brought_back(
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the settings alone, as on a host of the server."""
    settings = Settings(
        redis_url=store_url, data_dir=tmp_path, archive_url="archive", jwt_secret="j" * 32
    )
    engine = build_engine(settings)
    storage = engine.services.storage
    storage.agreement.migrate()
    monkeypatch.setattr(workers, "worker_engine", lambda: engine)
    maker = PastMaker(storage.client, storage.events, storage.work)
    # At the begin of an hour: what ended in one is in one file.
    month_ago_ms = storage.clock.now_ms() // 3_600_000 * 3_600_000 - 40 * 86_400_000
    some = [*maker.completed(month_ago_ms, 3), maker.failed(month_ago_ms + 60_000)]
    before = storage.occurrences.past(some)
    engine.upkeep.retain()
    assert storage.occurrences.get_many(some) == [None] * 4
    assert workers.use_archive(settings, ["verify"]) == 0
    assert "2 files with 8 records are whole" in capsys.readouterr().out
    assert workers.use_archive(settings, ["query", "--status", "failed"]) == 0
    assert ids.to_text(some[-1]) in capsys.readouterr().out
    assert workers.use_archive(settings, ["restore", "--all"]) == 0
    assert storage.occurrences.past(some) == before
    engine.upkeep.retain()
    assert storage.occurrences.past(some) == before, "they stay as long as what ends now"
    storage.client.close()


def test_what_is_on_a_shard_that_is_away_can_not_be_inspected_and_that_is_said(
    store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(_client: object, _text: str) -> list[str]:
        raise ShardUnavailable("10.0.0.1:6379")

    monkeypatch.setattr(workers, "inspect", away)
    settings = Settings(redis_url=store_url, jwt_secret="j" * 32)
    assert workers.inspect_one(settings, ["some-id"]) == ExitStatus.FAILED
    assert "does not answer" in capsys.readouterr().err
