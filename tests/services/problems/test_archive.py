"""An archive that takes no files is a problem, until it takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import Settings
from app.services.problems.archive import archive
from app.services.problems.problem import ProblemCode, StatusFigures
from app.wiring.archive import archive_notes
from app.wiring.services import build_services
from tests.support.clock import NOW_MS
from tests.support.services import Doubles, FakeClock

FIGURES = StatusFigures(now_ms=NOW_MS, lag_ms=0, queue_depth=0, workers=1)


@pytest.mark.parametrize("url", ["archive", ""])
def test_the_status_says_since_when_and_why_if_there_is_an_archive(
    store_url: str, tmp_path: Path, url: str
) -> None:
    """What an archive has left that is not used any more is nobody's problem."""
    settings = Settings(
        redis_url=store_url, data_dir=tmp_path, archive_url=url, jwt_secret="j" * 32
    )
    services = build_services(settings, Doubles(clock=FakeClock()))
    notes = archive_notes(services.storage)
    assert not list(archive(notes.failing)(FIGURES))
    assert not notes.fails("No space left on device", NOW_MS)
    assert notes.fails("something else", NOW_MS + 60_000)
    (problem,) = archive(notes.failing)(FIGURES)
    assert problem.code == ProblemCode.ARCHIVE
    assert "since 2026-01-01T00:00:00Z (No space left on device)" in problem.message
    codes = [one["code"] for one in services.health.status()["problems"]]
    assert ("archive" in codes) == bool(url)
    notes.works()
    assert not list(archive(notes.failing)(FIGURES))
    services.storage.client.close()
