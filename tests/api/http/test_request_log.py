"""A request that failed or was late has a line that says all about it, and no secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from structlog.contextvars import get_contextvars

from app.api.http import request_log
from app.logs import json_formatter
from tests.api.application import MASTER_TOKEN, with_token

LOG = logging.getLogger(request_log.__name__)


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """What is written of requests, as JSON."""
    written: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(self.format(record)))

    handler = Keep()
    handler.setFormatter(json_formatter())
    level = LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    yield written
    LOG.removeHandler(handler)
    LOG.setLevel(level)


def test_a_line_says_who_asked_for_what_and_what_the_answer_was(
    app_with: Callable[..., Flask], lines: list[dict[str, Any]]
) -> None:
    client = with_token(app_with(log_sample=1), MASTER_TOKEN)
    answer = client.get("/events?name=x", headers={"X-Request-Id": "mine-1"})
    (line,) = lines
    assert line.pop("ms") >= 0
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "logger": "app.api.http.request_log",
        "message": "request",
        "request_id": "mine-1",
        "method": "GET",
        "path": "/events",
        "route": "/events",
        "status": 200,
        "bytes": answer.content_length,
        "subject": "master token",
        "address": "127.0.0.1",
    }
    assert answer.headers["X-Request-Id"] == "mine-1"
    assert get_contextvars() == {}


def test_a_path_from_outside_is_one_word_of_one_line(
    app_with: Callable[..., Flask], lines: list[dict[str, Any]]
) -> None:
    app = app_with(log_sample=1)
    app.test_client().get(f"/events/%0d%0aERROR%20{MASTER_TOKEN}{'x' * 900}")
    (line,) = lines
    assert (line["status"], len(line["path"])) == (401, request_log.LONGEST_PATH)
    assert "subject" not in line


def test_of_what_went_well_nothing_is_said_without_a_sample(
    app_with: Callable[..., Flask], lines: list[dict[str, Any]]
) -> None:
    client = with_token(app_with(log_sample=0), MASTER_TOKEN)
    assert client.get("/events").status_code == 200
    assert client.get("/events/unknown").status_code == 404
    assert lines == []


def test_what_failed_or_was_late_has_a_line_anyway(
    app_with: Callable[..., Flask],
    lines: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = app_with(log_sample=0)

    @app.get("/breaks")
    def breaks() -> None:
        raise ZeroDivisionError

    client = with_token(app, MASTER_TOKEN)
    assert client.get("/breaks").status_code == 500
    monkeypatch.setattr(request_log, "LATE_S", -1.0)
    assert client.get("/docs").status_code == 200
    assert [(one["level"], one["status"], one["route"]) for one in lines] == [
        ("WARNING", 500, "/breaks"),
        ("INFO", 200, "/docs"),
    ]
