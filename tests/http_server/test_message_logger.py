"""gunicorn says what it has to say, and makes no record of a request."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.http_server.message_logger import MessageLogger


class _NoRequest:
    """Whatever a record of the request would ask of it is a failure."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a record of the request was made: {name}")


def test_no_record_is_made_of_a_request() -> None:
    """Whether gunicorn asks first or not."""
    config = Config()
    config.set("logconfig_dict", {"version": 1, "disable_existing_loggers": False})
    assert Logger(config).access_log_enabled
    logger = MessageLogger(config)
    assert not logger.access_log_enabled
    logger.access(_NoRequest(), _NoRequest(), {}, 0.1)


def test_its_messages_are_written(caplog: pytest.LogCaptureFixture) -> None:
    logger = MessageLogger(Config())
    logger.error_log.addHandler(caplog.handler)
    logger.warning("a worker was lost")
    logger.error_log.removeHandler(caplog.handler)
    assert "a worker was lost" in caplog.messages
