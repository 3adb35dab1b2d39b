"""Every example runs as it is printed.

The shell examples run in a shell against the real application; only the port differs, and ``curl``
is a stand-in that refuses options it does not know.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from flask import Flask

from app.delivery.actions import build
from app.delivery.request import Job
from app.domain.action import webhook
from app.domain.callback import Callback
from app.runtime.local import example, prepare
from tests.docs.conftest import EXAMPLES_NOW_MS, SECRETS
from tests.docs.pages import PAGES, ROOT, Page, page

CURL = ROOT / "tests" / "support" / "curl.py"
HELPERS = next(text for text in page("docs/tour.md").in_language("bash") if "q()" in text)
WITH_EXAMPLES = [one for one in PAGES if one.in_language("bash")]

ELSEWHERE = {
    "make run": "tests/e2e/test_make_run.py",
    ".ci/run": ".github/workflows/ci.yml",
    "docs/command-line.md": "tests/qhronos/cli/test_docs.py",
    "docs/backup.md": "tests/backup/test_commands.py",
    "docs/partitions.md": "tests/qhronos/cli/test_server.py",
    "docs/scale.md": "tests/benchmarks/test_simulation.py",
}
"""Commands that are run by another test, or by whoever runs all of them; those of ``qhronos`` and
benchmarks by the page that has them."""


def by_name(one: Page) -> str:
    return one.name


def run(one: Page, port: int, place: Path) -> tuple[list[str], str]:
    """The requests that the examples of a page send, with their answers, and what is printed."""
    (place / "data" / "secrets").mkdir(parents=True)
    (place / "data" / "secrets" / "master_token").write_text(SECRETS["MASTER_TOKEN"])
    curl = f'curl() {{ {shlex.join([sys.executable, str(CURL)])} "$@"; }}'
    script = "\n".join(["set -euo pipefail", curl, HELPERS, *one.in_language("bash")])
    log = place / "log"
    ended = subprocess.run(
        ["bash", "-c", script.replace("127.0.0.1:8080", f"127.0.0.1:{port}")],
        cwd=place,
        env={**os.environ, "QHRONOS_TEST_LOG": str(log)},
        capture_output=True,
        text=True,
        check=False,
    )
    requests = log.read_text().splitlines()
    assert not [line for line in requests if not re.match(r"\S+ \S+ 2\d\d ", line)]
    assert (ended.returncode, ended.stderr) == (0, "")
    return requests, ended.stdout


@pytest.mark.parametrize("one", WITH_EXAMPLES, ids=by_name)
def test_the_shell_examples_of_a_page_run_as_printed(one: Page, port: int, tmp_path: Path) -> None:
    """The shell reaches the end, each request is sent, and each is answered with a success."""
    requests, _ = run(one, port, tmp_path)
    lines = [line for text in one.in_language("bash") for line in text.splitlines()]
    assert len(requests) == len([line for line in lines if "$Q/" in line or ":8080/" in line]) > 0


def test_the_runbooks_show_what_they_say_should_be_seen(port: int, tmp_path: Path) -> None:
    """Answers that are quoted are printed, and members that are named are in them."""
    runbooks = page("docs/runbooks.md")
    _, printed = run(runbooks, port, tmp_path)
    for quoted in re.findall(r"[Yy]ou should see `([{\"][^`]*)`", runbooks.prose):
        assert quoted in printed, quoted
    for member in ("lag_ms", "queue_depth", "workers", "waiting", "retried", "total", "failed"):
        assert f"`{member}`" in runbooks.text
    assert '"paused":true' in printed
    assert '"status":"paused"' in printed


def test_enough_pages_have_examples() -> None:
    """The search for examples finds them."""
    assert len(WITH_EXAMPLES) >= 8


@pytest.mark.parametrize("one", PAGES, ids=by_name)
def test_every_block_is_in_a_language_that_a_test_runs(one: Page) -> None:
    """A block in another language, or in none, would escape the tests."""
    known = {"bash", "sh", "python", "json", "js", "go", "yaml", "", "toctree", "include"}
    # make typescript and make recipes compile and run these.
    known |= {"ts"} if one.name == "docs/typescript-client.md" else set()
    known |= {"java", "ruby", "php"} if one.name.startswith("docs/recipes") else set()
    assert {block.language for block in one.blocks} <= known
    for block in one.blocks:
        # Directives have no language: their fence says {toctree} or {include}.
        assert (
            block.language
            or block.text.startswith((":", "\n"))
            or "/" in block.text
            or (block.text == "")
        )


@pytest.mark.parametrize("one", PAGES, ids=by_name)
def test_json_is_json_and_yaml_is_yaml_and_python_is_python(one: Page) -> None:
    for text in one.in_language("json"):
        assert isinstance(json.loads(text), dict)
    for text in one.in_language("yaml"):
        assert {type(document) for document in yaml.safe_load_all(text)} == {dict}, text
    for text in one.in_language("python"):
        ast.parse(text)


@pytest.mark.parametrize("name", ["docs/flows.md", "docs/retries.md"])
def test_settings_of_an_event_that_are_shown_are_accepted(name: str, app: Flask) -> None:
    """Each JSON block that is not a delivery can be sent with an event."""
    shown = [json.loads(text) for text in page(name).in_language("json")]
    settings = [one for one in shown if "event_id" not in one]
    assert settings
    event = {"name": "n", "start_time": "2031-01-01T00:00:00Z", "webhook": "http://127.0.0.1:1/"}
    for one in settings:
        answer = app.test_client().post(
            "/events",
            json={**event, **one},
            headers={"Authorization": f"Bearer {SECRETS['MASTER_TOKEN']}"},
        )
        assert answer.status_code == 201, answer.text
        assert answer.json.items() >= one.items()


def test_bodies_of_deliveries_have_the_members_that_are_shown() -> None:
    """In the order in which they are sent."""
    callback = Callback(b"o" * 16, "failed", 0, 0, 8, 500, "the receiver answered 500")
    action = webhook("https://example.com/")
    job = Job(b"e" * 16, b"o" * 16, 0, 1, "n", "", "{}", (), action, ("secret",))
    for name, sent in (("docs/delivering.md", None), ("docs/retries.md", callback)):
        (shown,) = [
            body
            for text in page(name).in_language("json")
            if "event_id" in (body := json.loads(text))
        ]
        job.callback = sent
        assert list(json.loads(build(job, EXAMPLES_NOW_MS).body)) == list(shown), name


def test_the_line_that_make_run_prints_is_shown(tmp_path: Path) -> None:
    """The README shows the very line, with a shorter path."""
    run = prepare({"QHRONOS_DATA_DIR": str(tmp_path)})
    line = example(run, "http://127.0.0.1:8081/hello")
    assert line.replace(shlex.quote(str(tmp_path)) + "/", "data/") in page("README.md").text


def test_other_commands_are_run_elsewhere_or_by_operators() -> None:
    """A page outside of the runbooks has no command that no test knows."""
    for one in PAGES:
        if one.name in ("docs/runbooks.md", "docs/operations.md"):
            continue  # see test_operator_commands
        for text in one.in_language("sh"):
            lines = text.splitlines()
            ours = all(line.startswith(("qhronos ", ".venv/bin/python -m bench")) for line in lines)
            known = one.name if ours else text.strip()
            assert known in ELSEWHERE, (one.name, text)
            assert (ROOT / ELSEWHERE[known]).exists()
