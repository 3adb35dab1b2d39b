"""Logging: one line per thing that happened, as text or JSON, with secrets masked.

Say what happened in the message and put what it happened to in ``extra``::

    log.info("delivered", extra={"event_id": event.id, "status_code": 204, "ms": 12})

Every logger is one of the standard library, as those of our packages are. structlog makes the line:
each record goes through the same processors, whose context says for which request it was written.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from structlog.contextvars import merge_contextvars
from structlog.processors import JSONRenderer, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, Processor

from app.config import PREFIX, Settings
from app.domain.masks import Masker, masker_of
from app.domain.secret import MASK, SecretText

log = logging.getLogger(__name__)

REPEAT_S = 10.0
"""How long the same warning is not written again."""

MAX_SEEN = 256
"""How many different warnings are remembered."""

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ByType(logging.Filter):
    """Masks what is a secret by its type before a message is put together, and its type is gone."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record if it has such a secret; it is always written."""
        if isinstance(record.msg, SecretText):
            record.msg = MASK
        if isinstance(record.args, Mapping):
            record.args = {key: _by_type(one) for key, one in record.args.items()}
        elif record.args:
            record.args = tuple(map(_by_type, record.args))
        return True


class RepeatFilter(logging.Filter):
    """Writes the same warning once in ``REPEAT_S``, with the count of those left out.

    While the store is away, each process warns four times a second. Records with extras are
    never left out: they are about one thing each.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a record; adds to its message what was left out before."""
        if record.levelno < logging.WARNING or _extra(record):
            return True
        message = record.getMessage()
        key = (record.name, message)
        since, count = self._seen.get(key, (-REPEAT_S, 0))
        if record.created < since + REPEAT_S:
            self._seen[key] = (since, count + 1)
            return False
        if len(self._seen) >= MAX_SEEN:
            self._seen.clear()
        self._seen[key] = (record.created, 0)
        if count:
            record.msg, record.args = f"{message} ({count} more like this)", None
        return True


def text_formatter(secrets: Sequence[str] = ()) -> logging.Formatter:
    """``2026-11-23T11:01:02.123Z INFO app.worker delivered event_id=… ms=12``.

    A record is one line; a traceback follows on lines of its own.
    """
    return _formatter(_as_text, secrets)


def json_formatter(secrets: Sequence[str] = ()) -> logging.Formatter:
    """One JSON object a line: what it happened to, ``time``, ``level``, ``logger``, ``message``.

    A traceback stands in ``exception``.
    """
    return _formatter(JSONRenderer(serializer=_json, default=str), secrets)


def _formatter(renderer: Processor, secrets: Sequence[str]) -> ProcessorFormatter:
    mask = Masker(secrets)
    return ProcessorFormatter(
        foreign_pre_chain=[merge_contextvars, ExtraAdder()],
        processors=[
            _named,
            ProcessorFormatter.remove_processors_meta,
            _secrets_of_error,
            format_exc_info,
            lambda _logger, _method, entry: _without_secrets(mask, entry),
            renderer,
        ],
    )


def logging_config(settings: Settings) -> dict[str, Any]:
    """Describe the logging that the settings ask for, as ``logging.config`` reads it."""
    formatter = json_formatter if settings.log_format == "json" else text_formatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, "secrets": settings.secrets}},
        "filters": {"repeats": {"()": RepeatFilter}, "secrets": {"()": ByType}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "line",
                "filters": ["secrets", "repeats"],
            }
        },
        "root": {"level": settings.log_level, "handlers": ["stderr"]},
        "loggers": {
            # Without gunicorn's own handler: its lines go to the root's.
            "gunicorn.error": {"level": settings.log_level, "handlers": [], "propagate": True},
            # Changes are in the audit log; a proxy can log all requests.
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": False},
            # It warns at each of several tries; that a collector took nothing is an error.
            "opentelemetry": {"level": "ERROR"},
        },
    }


def configure(settings: Settings) -> None:
    """Send every log line of this process to standard error, as the settings ask.

    Warnings and errors that nobody catches are lines of the log too.
    """
    logging.config.dictConfig(logging_config(settings))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def entry(message: str, level: str = "INFO", logger: str = "app") -> str:
    """Write one line of a JSON log, now, for who has no logger: a supervisor, or a start."""
    record = logging.makeLogRecord({"msg": message, "levelname": level, "name": logger})
    return json_formatter().format(record)


def wrapped(process: str, line: str) -> str:
    """Write a line of another process as JSON that names it; what is JSON keeps its members."""
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        members = json.loads(entry(line.rstrip("\r"), logger="output"))
    return _json({**members, "process": process})


def wrapper(log_format: str) -> Callable[[str, str], str] | None:
    """Return what a supervisor writes the lines of its processes with; ``None``: a prefix."""
    return wrapped if log_format == "json" else None


def say(message: str, environ: Mapping[str, str]) -> None:
    """Write why a process can't start; the settings may be what is wrong, so none are given."""
    is_json = environ.get(f"{PREFIX}LOG_FORMAT", "").strip() == "json"
    sys.stderr.write((entry(message, "ERROR") if is_json else message) + "\n")
    sys.stderr.flush()


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("this process ends by an error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "?"
    error = args.exc_value or args.exc_type()
    log.critical(
        "thread %s ends by an error", name, exc_info=(args.exc_type, error, args.exc_traceback)
    )


def _named(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Say of a line when it was written, how bad it is, who wrote it and what happened."""
    record: logging.LogRecord = entry["_record"]
    entry["time"] = _time(record)
    entry["level"], entry["logger"] = record.levelname, record.name
    entry["message"] = entry.pop("event")
    return entry


def _secrets_of_error(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Keep what masks the secrets of an error: its text has no types."""
    error = entry.get("exc_info")
    if isinstance(error, tuple) and error[1] is not None:
        entry["_mask"] = masker_of(error[1])
    return entry


def _without_secrets(mask: Masker, entry: EventDict) -> EventDict:
    """Mask all that there is to a line, however deep it stands."""
    of_error: Masker | None = entry.pop("_mask", None)
    if of_error is not None:
        entry["exception"] = of_error(entry["exception"])
    return {key: mask.whatever(value) for key, value in entry.items()}


def _by_type(value: Any) -> Any:
    return MASK if isinstance(value, SecretText) else value


def _as_text(_logger: Any, _method: str, entry: EventDict) -> str:
    head = [entry.pop(name) for name in ("time", "level", "logger")]
    trace = entry.pop("exception", None)
    words = [*head, _escaped(entry.pop("message"))]
    words += [f"{key}={_word(value)}" for key, value in entry.items()]
    return " ".join(words) + (f"\n{trace}" if trace else "")


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _extra(record: logging.LogRecord) -> bool:
    return any(key not in _STANDARD_FIELDS for key in vars(record))


def _word(value: object) -> str:
    """Write a value so that it stays one word, quoted if it has to be."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and (not text or re.search(r"[\s\"=]", text)):
        text = json.dumps(text, ensure_ascii=False)
    return _escaped(text)


def _json(members: object, **options: Any) -> str:
    """Write JSON without what JSON leaves as it is: ends of lines, and codes of 8-bit terminals."""
    text = json.dumps(members, ensure_ascii=False, **options)
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escaped(text: str) -> str:
    """Escape control characters: text from outside must not forge lines or send terminal codes."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
