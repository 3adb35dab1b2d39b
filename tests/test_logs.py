"""One line for one thing, whatever is in it, and never a secret."""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from app.config import Settings
from app.domain.secret import SecretText
from app.logs import (
    MAX_SEEN,
    ByType,
    RepeatFilter,
    configure,
    json_formatter,
    logging_config,
    say,
    text_formatter,
    wrapped,
    wrapper,
)

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyMSJ9.c2lnbmF0dXJl"


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "app.worker", "levelname": "INFO", "msg": message, "args": args, "created": 0.25}
    )
    vars(made).update(extra)
    return made


def failure(text: str):
    def fail() -> None:
        raise ValueError(text)

    try:
        fail()
    except ValueError:
        return sys.exc_info()


@pytest.fixture
def untouched_logging() -> Iterator[None]:
    """Puts the root logger back, so that other tests see what they are used to."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


class TestText:
    def test_a_line_has_time_level_logger_message_and_extras(self) -> None:
        line = text_formatter().format(
            record("delivered %s", "it", event_id="e1", status_code=204, name_="two words", no="")
        )
        assert line == (
            "1970-01-01T00:00:00.250Z INFO app.worker delivered it "
            'event_id=e1 status_code=204 name_="two words" no=""'
        )

    def test_nobody_can_write_a_second_line_or_terminal_codes(self) -> None:
        line = text_formatter().format(record("a\nb\x1b[31m", value="c\r\nd\u2028e\x85"))
        assert line.isprintable()
        assert "a\\nb\\x1b[31m" in line

    def test_a_traceback_follows(self) -> None:
        entry = record("failed", exc_info=failure("redis://user:hunter2@host is away"))
        first, *rest = text_formatter().format(entry).splitlines()
        assert first.endswith("failed")
        assert rest[-1] == "ValueError: redis://***@host is away"


class TestJson:
    def test_a_line_is_an_object_with_the_extras(self) -> None:
        line = json_formatter().format(record("delivered", ms=12, tags=["a", 'b"'], odd=object))
        entry = json.loads(line)
        assert entry.pop("odd") == str(object)
        assert entry == {
            "time": "1970-01-01T00:00:00.250Z",
            "level": "INFO",
            "logger": "app.worker",
            "message": "delivered",
            "ms": 12,
            "tags": ["a", 'b"'],
        }

    def test_it_stays_json_when_something_is_masked(self) -> None:
        headers = {"Authorization": f"Bearer {JWT}", "Host": "x"}
        said = f'{json.dumps(headers)} Authorization: Bearer abcdefghi" https://u:p@h/'
        line = json_formatter(secrets=['quo"te and \\']).format(
            record(said, headers=headers, other='quo"te and \\')
        )
        entry = json.loads(line)
        assert entry["headers"] == {"Authorization": "***", "Host": "x"}
        assert entry["other"] == "***"
        assert "abcdefghi" not in line
        assert JWT not in line

    def test_what_ends_a_line_or_steers_a_terminal_is_escaped(self) -> None:
        """JSON takes these as they are; who reads lines or looks at them does not."""
        said = "a\u2028b\u2029c\u0085d\u009be\x7ff\n"
        line = json_formatter().format(record("request", path=said))
        for one in (line, wrapped("web", line), wrapped("web", said)):
            assert one.isprintable()
        assert json.loads(line)["path"] == json.loads(wrapped("web", line))["path"] == said

    def test_an_exception_is_a_member_of_it(self) -> None:
        entry = record("failed", exc_info=failure("no"))
        assert json.loads(json_formatter().format(entry))["exception"].endswith("ValueError: no")


class TestSecrets:
    """By their type, wherever a line has them, in both formats."""

    SECRET = SecretText("by its type")

    @pytest.mark.parametrize("formatter", [text_formatter, json_formatter])
    @pytest.mark.parametrize(
        "entry",
        [
            record("sent %s", SECRET),
            logging.LogRecord("a", 20, "", 0, "sent %(it)s", ({"it": SECRET},), None),
            record(SECRET),
            record("sent", a={SECRET: [SECRET]}),
            record("sent", exc_info=failure(SECRET)),
            record("sent", error=ValueError(SECRET)),
        ],
        ids=["an argument", "a member", "the message", "an extra", "a traceback", "an error"],
    )
    def test_it_is_not_written(self, formatter: Any, entry: logging.LogRecord) -> None:
        assert ByType().filter(entry)
        line = formatter().format(entry)
        assert "***" in line
        assert self.SECRET not in line

    @pytest.mark.usefixtures("untouched_logging")
    def test_not_even_by_who_has_no_formatter_of_ours(self, capsys) -> None:
        configure(Settings(log_format="json"))
        logging.getLogger("a.library").error("no: %s", self.SECRET)
        assert self.SECRET not in capsys.readouterr().err


class TestConfigure:
    @pytest.mark.usefixtures("untouched_logging")
    @pytest.mark.parametrize("log_format", ["text", "json"])
    def test_lines_go_to_standard_error_once(self, capsys, log_format: str) -> None:
        settings = Settings(log_format=log_format, log_level="WARNING", jwt_secret="hidden words")
        for _ in range(2):
            configure(settings)
        logging.getLogger("app.test").warning("with hidden words", extra={"n": 1})
        logging.getLogger("app.test").info("too quiet")
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert "with ***" in line
        assert line.startswith("{") is (log_format == "json")


class TestRepeatFilter:
    def warned(self, message: str, at_s: float, **extra: object) -> logging.LogRecord:
        made = record(message, **extra)
        made.levelno, made.created = logging.WARNING, at_s
        return made

    def test_the_same_warning_is_written_once_in_a_while(self) -> None:
        repeats = RepeatFilter()
        let_through = [
            line.getMessage()
            for at_s in range(25)
            if repeats.filter(line := self.warned("the store is away", 100.0 + at_s))
        ]
        assert let_through == [
            "the store is away",
            "the store is away (9 more like this)",
            "the store is away (9 more like this)",
        ]

    def test_what_differs_is_all_written(self) -> None:
        repeats = RepeatFilter()
        lines = [self.warned("one", 1.0), self.warned("two", 1.0)]
        lines += [self.warned("a schedule", 1.0, event=number) for number in range(3)]
        assert all(repeats.filter(line) for line in lines)

    def test_it_forgets_what_was_long_ago(self) -> None:
        repeats = RepeatFilter()
        for number in range(2 * MAX_SEEN):
            assert repeats.filter(self.warned(f"warning {number}", 1.0))
        assert len(repeats._seen) <= MAX_SEEN


class TestEveryLine:
    """In a JSON log whatever a process writes is JSON, a line each."""

    @pytest.fixture
    def lines(self, untouched_logging: None, capsys):
        """Reads what was written; each test configures the log itself, after pytest has."""

        def read() -> list[dict[str, object]]:
            return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

        return read

    def test_an_error_that_nobody_catches_is_one_line(self, lines) -> None:
        configure(Settings(log_format="json", jwt_secret="hidden words"))
        sys.excepthook(*failure("with hidden words"))  # type: ignore[misc]
        (line,) = lines()
        assert line["level"] == "CRITICAL"
        assert str(line["exception"]).endswith("ValueError: with ***")

    def test_so_is_one_in_a_thread(self, lines) -> None:
        configure(Settings(log_format="json"))
        thread = threading.Thread(name="busy")
        threading.excepthook(threading.ExceptHookArgs((*failure("no"), thread)))  # type: ignore[misc]
        (line,) = lines()
        assert line["message"] == "thread busy ends by an error"

    def test_so_is_a_warning(self, lines) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            configure(Settings(log_format="json"))
            warnings.warn("old\nand new", stacklevel=1)
        (line,) = lines()
        assert line["logger"] == "py.warnings"

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ('{"time": "t", "message": "m", "n": 1}', "m"),
            ("12345:M 26 Nov 2026 # Warning", "12345:M 26 Nov 2026 # Warning"),
            ("[1, 2]", "[1, 2]"),
            ("", ""),
            ("\ufffd{", "\ufffd{"),
        ],
    )
    def test_a_line_of_another_process_names_it(self, line: str, message: str) -> None:
        entry = json.loads(wrapped("deliver.1", line))
        assert (entry["process"], entry["message"]) == ("deliver.1", message)
        assert entry["time"]

    def test_a_log_of_text_is_not_wrapped(self) -> None:
        assert wrapper("text") is None
        assert wrapper("json") is wrapped

    def test_why_a_process_can_not_start_is_one_line_too(self, capsys) -> None:
        say("Set it.", {"QHRONOS_LOG_FORMAT": "json"})
        say("Set it.", {})
        first, second = capsys.readouterr().err.splitlines()
        assert json.loads(first)["message"] == second == "Set it."


def test_a_collector_of_traces_that_is_away_is_no_line_at_each_try(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client tries again for ten seconds, and warns each time; the error at the end is said."""
    exporter = logging.getLogger("opentelemetry.exporter")
    top = logging.getLogger("opentelemetry")
    monkeypatch.setattr(top, "level", top.level)
    top.setLevel(logging_config(Settings())["loggers"]["opentelemetry"]["level"])
    exporter.warning("retrying in 0.8s")
    exporter.error("failed to export")
    assert [one.message for one in caplog.records] == ["failed to export"]
