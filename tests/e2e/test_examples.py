"""Each folder of ``examples/`` runs as its README says, on a real instance.

Its commands are taken from the README, and run in a copy of the folder. Only ports differ, and
``pip`` installs nothing: what the examples import is here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.docs.pages import FENCE, ROOT, page
from tests.support.api_client import Api, at
from tests.support.ports import free_port
from tests.support.processes import Program, clean_environ
from tests.support.stack import SIGNING_SECRET, Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

EXAMPLES = ROOT / "examples"
SERVERS = ("flask", "uvicorn")
OTHERS = {"express-receiver"}
"""Examples in other languages, which other tests run."""


class Example:
    """A copy of a folder, and the commands of its README."""

    def __init__(self, name: str, stack: Stack, place: Path) -> None:
        self.place = place / name
        shutil.copytree(EXAMPLES / name, self.place)
        (block,) = page(f"examples/{name}/README.md").in_language("sh")
        self.port = free_port()
        (printed,) = set(re.findall(r"\b809\d\b", block)) or {"8090"}
        for path in self.place.iterdir():
            path.write_text(path.read_text().replace(printed, str(self.port)))
        install, *self.commands = block.replace(printed, str(self.port)).splitlines()
        assert install.startswith("pip install '../..[client]'"), install
        self._environ = clean_environ() | {
            "PATH": f"{_programs(place)}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "QHRONOS_URL": f"http://127.0.0.1:{stack.port}",
            "QHRONOS_TOKEN": _token(stack.api),
            "WEBHOOK_SECRET": SIGNING_SECRET,
            "NO_COLOR": "1",
        }

    @contextmanager
    def serving(self) -> Iterator[Program]:
        """What the second command starts, once it listens."""
        words = shlex.split(self.commands[0])
        assert words[0] in SERVERS
        server = Program("server", [sys.executable, "-m", *words], self._environ, cwd=self.place)
        server.start()
        try:
            wait_until(lambda: not server.running or self._listens(), "the example listens")
            yield server
        except BaseException:
            print(server.output)
            raise
        finally:
            server.kill()

    def _listens(self) -> bool:
        try:
            self.ask("/")
        except OSError as error:
            return "404" in str(error)
        return True

    def ask(self, path: str, method: str = "GET") -> str:
        """Call the example itself."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        with urlopen(request, timeout=10) as answer:
            body: bytes = answer.read()
            return body.decode()

    def run(self, command: str) -> str:
        """Run a command of the README; what it prints."""
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=self.place,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
        return ended.stdout


def _token(api: Api) -> str:
    """An admin's token, as a user has one: that of the tests has spaces."""
    asked = {"type": "jwt", "sub": "examples", "access": "admin", "scope": []}
    answer = api.call("POST", "/tokens", asked | {"expires_at": at(time.time() + 86_400)})
    token: str = answer.json["token"]
    return token


def _programs(place: Path) -> Path:
    """The commands ``python`` and ``qhronos``, as an environment with the package has them."""
    directory = place / "bin"
    directory.mkdir()
    python = shlex.quote(sys.executable)
    for name, words in (("python", python), ("qhronos", f"{python} -m qhronos")):
        program = directory / name
        program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        program.chmod(0o755)
    return directory


@pytest.fixture
def example(request: pytest.FixtureRequest, stack: Stack, api: Api, tmp_path: Path) -> Example:
    """The example that a test is about; ``api`` deletes what it has made."""
    return Example(request.param, stack, tmp_path)


def about(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", [name], indirect=True)


@about("reminders")
def test_a_reminder_is_shown_when_it_is_due_and_one_can_be_called_off(example: Example) -> None:
    with example.serving() as server:
        made = example.run(example.commands[1].replace('"2s"', '"1s"'))
        assert '"id"' in made
        later = example.run(example.commands[1].replace('"2s"', '"1h"'))
        (event_id,) = re.findall(r'"id": ?"([^"]+)"', later)
        wait_until(lambda: "To Ada: water the plants" in server.output, "Ada is reminded")
        assert event_id in example.ask("/reminders")
        example.ask(f"/reminders/{event_id}", "DELETE")
        assert event_id not in example.ask("/reminders")


@about("idempotent-receiver")
def test_a_charge_that_is_delivered_twice_is_made_once(example: Example) -> None:
    with example.serving():
        said = example.run(example.commands[1])
        (times,) = re.findall(r"It was delivered (\d+) times, and is completed", said)
        assert int(times) >= 2
        assert "In all, ada was charged 5.\n" in said


@about("crontab")
def test_a_crontab_is_moved_and_its_commands_run(example: Example, api: Api) -> None:
    with example.serving():
        example.run(example.commands[1])
        moved = {event["name"]: event for event in api.get("/events?tags=moved")}
        assert {name: event["schedule"] for name, event in moved.items()} == {
            "date": {"cron": "30 2 * * MON-FRI"},
            "df": {"cron": "@daily"},
        }
        assert {event["timezone"] for event in moved.values()} == {"Europe/Berlin"}
        said = example.run(f"qhronos events trigger {moved['date']['key']} --wait --json")
        assert '"status": "completed"' in said
        assert re.search(r'"response_body": "\d{4}-\d\d-\d\dT', said), said


@about("nightly-report")
def test_a_report_is_made_for_each_working_day(example: Example, api: Api) -> None:
    with example.serving():
        example.run(example.commands[1])
        key = "nightly-report"
        first = "from=2026-12-22T12:00:00Z&count=6"
        event = api.get(f"/events/by-key/{key}")
        nights = [one["scheduled_at"] for one in api.get(f"/events/{event['id']}/preview?{first}")]
        # Christmas Eve and the two days after it are free; the 26th is a Saturday.
        assert [night[:10] for night in nights][:4] == [
            "2026-12-22",
            "2026-12-23",
            "2026-12-28",
            "2026-12-29",
        ]
        example.run(f"qhronos events trigger {key} --wait")
        (report,) = (example.place / "reports").iterdir()
        assert report.read_text().startswith("day,orders,revenue\n")


@about("tenants")
def test_a_tenant_with_little_to_do_does_not_wait_for_another(example: Example) -> None:
    (command,) = example.commands
    said = example.run(command)
    assert "zoe sees nothing of acme." in said
    assert "acme: 100 deliveries" in said
    assert "zoe: 3 deliveries" in said
    (before,) = re.findall(r"(\d+) of acme's came before the last of zoe's", said)
    assert int(before) < 50, said


def test_every_example_is_in_the_list_and_in_a_test() -> None:
    """The list names every folder, and the README the list."""
    folders = {path.name for path in EXAMPLES.iterdir() if (path / "README.md").exists()}
    listed = set(re.findall(r"\]\(([\w-]+)/README\.md\)", page("examples/README.md").text))
    assert listed == folders
    tested = set(re.findall(r'@about\("([\w-]+)"\)', Path(__file__).read_text(encoding="utf-8")))
    assert tested | OTHERS >= folders
    assert "(examples/README.md)" in page("README.md").text


def test_examples_can_be_read_in_one_go() -> None:
    """Outside of tables and commands, as on the pages of the guide; nobody reads a lock."""
    written = {*EXAMPLES.glob("*.md"), *EXAMPLES.glob("*/*.*")}
    for path in written - {*EXAMPLES.glob("*/package-lock.json")}:
        text = path.read_text(encoding="utf-8")
        lines = (FENCE.sub("", text) if path.suffix == ".md" else text).splitlines()
        assert len(lines) <= 150, path
        assert all(len(line) <= 100 for line in lines if not line.startswith("|")), path
