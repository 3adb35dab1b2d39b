"""Every command of docs/command-line.md runs as it is printed, and its tables are complete."""

from __future__ import annotations

import re
import shlex
import socket
from pathlib import Path

import click

from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.root import COMMANDS, root
from tests.docs.pages import page
from tests.qhronos.cli.conftest import Run

PAGE = page("docs/command-line.md")
LINES = [line for text in PAGE.in_language("sh") for line in text.splitlines()]
ELSEWHERE = {"qhronos up": "tests/package/__main__.py"}


CALENDAR = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:deploy\r\n"
    "DTSTART:20300105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_the_commands_run_as_printed(on_app: Run, home: Path) -> None:
    """In the order of the page, on one instance. A status that is no success has its reason."""
    (home / "jobs.cron").write_text(PAGE.in_language("")[0])
    (home / "events.yaml").write_text(PAGE.in_language("yaml")[0])
    (home / "deploys.ics").write_text(CALENDAR)
    with socket.socket() as asking:
        has_chat = asking.connect_ex(("127.0.0.1", 8081)) == 0
    for line in LINES:
        if line in ELSEWHERE:
            continue
        words = shlex.split(line)
        assert words[0] == "qhronos", line
        ended = on_app(*words[1:])
        # No worker runs here, which is what two of these are there to say.
        # The third says that there are differences, the fourth that no chat is there: the inbox of
        # a local run may be.
        expected = (
            1
            if words[1] in ("doctor", "status")
            or (words[-1] == "--dry-run" and words[1] == "apply")
            or (words[1:3] == ["alerts", "test"] and not has_chat)
            else 0
        )
        assert ended.code == expected, (line, ended)
        assert ended.out or re.match(
            "there is nothing to show|written to|the test did not", ended.err.lower()
        ), (
            line,
            ended,
        )
    assert len(LINES) > 25


def test_every_command_is_on_the_page_and_every_command_of_the_page_is_there() -> None:
    named = set(re.findall(r"qhronos ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*))?", PAGE.text))
    there = set(COMMANDS)
    assert {first for first, _ in named} >= there
    for name in there:
        command = root.get_command(click.Context(root), name)
        if isinstance(command, click.Group):
            subcommands = set(command.commands)
            assert subcommands == {second for first, second in named if first == name} - {""}, name


def test_the_codes_are_those_that_there_are() -> None:
    listed = [int(row[0]) for row in PAGE.rows("exit code")]
    assert listed == sorted(ExitCode)
