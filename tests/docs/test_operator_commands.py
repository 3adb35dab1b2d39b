"""The operator's commands run as printed, beside a real store and real processes.

``make`` only plans, ``docker`` and ``valkey-cli`` are stand-ins that refuse what they do not know;
everything else is what it is.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.docs.pages import ROOT, page
from tests.support.stack import Stack

PAGES = ["docs/operations.md", "docs/runbooks.md"]
SUPPORT = ROOT / "tests" / "support"


def stand_in(name: str, *command: str) -> str:
    return f'{name}() {{ {shlex.join(command)} "$@"; }}'


PRELUDE = "\n".join(
    [
        "set -euo pipefail",
        stand_in("make", "command", "make", "--directory", str(ROOT), "--dry-run"),
        stand_in("docker", sys.executable, str(SUPPORT / "docker.py")),
        stand_in("valkey-cli", sys.executable, str(SUPPORT / "valkey_cli.py")),
        # The store of the tests runs: what mends a stopped one is given another directory.
        "python() { [[ $* != *repair ]] || local -x QHRONOS_DATA_DIR=$PWD/stopped",
        f'{shlex.quote(sys.executable)} "$@"; }}',
    ]
)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """An instance with an audit log, exported as the page before says."""
    with Stack(workers=1, ENCRYPTION_KEY="a key of the tests, 32 bytes and more") as stack:
        stack.api.create("http://127.0.0.1:1/", ahead=3_600, hmac_secret="a secret of its own")
        export = stack.api.call("GET", "/audit/export")
        (stack.directory / "audit.jsonl").write_bytes(export.body)
        yield stack


def run(stack: Stack, commands: str) -> str:
    """What the commands print; they must succeed and complain about nothing."""
    ended = subprocess.run(
        ["bash", "-c", f"{PRELUDE}\n{commands}"],
        cwd=stack.directory,
        env=stack.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), commands
    return ended.stdout


@pytest.mark.e2e
@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_an_operator_runs(name: str, stack: Stack) -> None:
    commands = page(name).in_language("sh")
    assert commands
    for text in commands:
        run(stack, text)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("command", "seen"),
    [
        ("valkey-cli PING", "PONG"),
        ("valkey-cli INFO persistence", "aof_last_write_status:ok"),
        ("valkey-cli INFO persistence", "loading:0"),
        ("valkey-cli CONFIG SET maxmemory 2gb", "OK"),
        ("valkey-cli HGETALL qh:meta", "partitions"),
        ("python worker.py reencrypt", "secrets were"),
        ("python -m app.runtime reencrypt", "secrets were"),
        ("python -m app.runtime repair", "The files of the store are whole."),
        ("python -m app.runtime audit-check audit.jsonl", "hold together; the newest hash is"),
    ],
)
def test_what_should_be_seen_is_seen(command: str, seen: str, stack: Stack) -> None:
    """The command stands in a page, and prints what the page promises."""
    assert any(command in text for name in PAGES for text in page(name).in_language("sh"))
    assert seen in run(stack, command)


def test_sentences_that_are_quoted_are_those_of_the_code() -> None:
    """The beginning of each, up to what varies in it."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py")]
    quoted = [
        cells[0].strip("`").rstrip("… ") for cells in page("docs/runbooks.md").rows("it says")
    ]
    assert quoted
    for sentence in quoted:
        start = sentence.partition(" …")[0]
        assert any(start in source for source in sources), sentence
