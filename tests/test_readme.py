"""What the README says is true: settings, files, commands, routes, and every example in it.

The shell examples run in a shell, as printed, against the real application on a store in memory;
only the port differs, and ``curl`` is a stand-in that refuses options it does not know.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.config import _FIELD_OF, _READERS, PREFIX, Settings, load_settings
from app.delivery.request import Job, build
from app.factory import create_app
from app.runtime.local import LOCAL_TARGETS, example, prepare
from app.wiring.doubles import Doubles
from app.wiring.services import build_services
from tests.support.clock import FakeClock
from tests.support.fake_store import fake_client

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

EXAMPLES_NOW_MS = 1_798_761_600_000
"""2027-01-01: after what the examples call past, long before what they call future."""

SECRETS = {"MASTER_TOKEN": "m" * 32, "JWT_SECRET": "j" * 32, "SIGNING_SECRET": "s" * 32}
SUFFIXES = (".py", ".md", ".txt", ".toml", ".yaml", ".lua", ".example")
NAMES = ("Makefile", "Dockerfile", ".ci/run")

CURL = ROOT / "tests" / "support" / "curl.py"


class _NoQueue:
    """Stands in for RQ: nothing is delivered here."""

    def enqueue_replan(self, name: str) -> None:
        pass

    def enqueue_redelivery(self, job_id: str) -> None:
        pass

    def workers(self) -> int:
        return 0


@pytest.fixture(scope="module")
def app() -> Flask:
    """The whole application, on a store in memory, with the settings of ``make run``."""
    environ = {PREFIX + name: value for name, value in SECRETS.items()}
    settings = load_settings({**environ, f"{PREFIX}ALLOW_PRIVATE_TARGETS": LOCAL_TARGETS})
    clock, queue = FakeClock(EXAMPLES_NOW_MS), _NoQueue()
    doubles = Doubles(store=fake_client(), clock=clock, drain_queue=queue, upkeep_queue=queue)
    return create_app(build_services(settings, doubles))


@pytest.fixture(scope="module")
def port(app: Flask) -> Iterator[int]:
    """The port on which the application listens."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield server.server_port
    server.shutdown()
    serving.join()
    server.server_close()


def rows_under(heading: str) -> list[list[str]]:
    """The cells of the table in a section, its head left out."""
    section = re.split(rf"^## {re.escape(heading)}$", README, flags=re.MULTILINE)[1]
    section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def code_spans() -> list[str]:
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


def normalized(path: str) -> str:
    """A path without the names of what varies in it."""
    return re.sub(r"<[^>]*>|\{[^}]*\}", "{}", path)


def test_the_settings_table_is_complete() -> None:
    """It names exactly the settings that there are, in their order."""
    named = [cells[0].strip("`") for cells in rows_under("Settings")]
    assert named == [PREFIX + name for name in _READERS]


def test_the_defaults_in_the_settings_table_are_the_real_ones() -> None:
    """Where there is none it says so; everything else is what the setting's reader makes of it."""
    for cells in rows_under("Settings"):
        name = cells[0].strip("`").removeprefix(PREFIX)
        shown, real = cells[1].strip("`"), getattr(Settings(), _FIELD_OF[name])
        if shown == "none":
            assert not real or real == Settings().allow_private_targets, name
        else:
            assert _READERS[name](shown) == real, name


def test_every_file_that_is_named_exists() -> None:
    """Paths in backticks lead somewhere."""
    missing = [
        span
        for span in code_spans()
        if (span.endswith((*SUFFIXES, "/")) or span in NAMES)
        and not span.startswith(("/", "data/"))
        and " " not in span
        and "://" not in span
        and not (ROOT / span).exists()
    ]
    assert not missing


def test_every_link_leads_to_a_file_or_a_heading() -> None:
    """Links within the repository are not broken."""
    headings = re.findall(r"^#+ (.*)$", README, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
    for target in re.findall(r"\]\(([^)\s]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_every_make_target_that_is_named_exists() -> None:
    """``make x`` in prose and in examples is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+(?:-%)?):", MAKEFILE, flags=re.MULTILINE))
    named = re.findall(r"(?:`|^)make ([a-z-]+)", README, flags=re.MULTILINE)
    assert {"run", "test", "demo"} <= set(named)
    for name in named:
        assert name in targets or re.sub("-.*", "-%", name) in targets, name


def test_the_table_of_routes_is_complete(app: Flask) -> None:
    """It has every call of the application and no other; the dashboard is described apart."""
    real = {
        f"{method} {normalized(rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS") and not rule.build_only
    }
    listed = [
        normalized(call)
        for cells in rows_under("API")
        for call in re.findall(r"`([A-Z]+ /[^`]*)`", cells[0])
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) == real


def test_the_table_of_routes_tells_who_may(app: Flask) -> None:
    """Open to all, to tokens that read, to tokens that write, or to admins alone: as it says."""
    client = app.test_client()
    far = {"type": "jwt", "sub": "s", "scope": ["t"], "expires_at": "2031-01-01T00:00:00Z"}

    def status(call: str, token: str) -> int:
        method, path = re.sub(r"\{[^}]*\}", "x", call).split()
        body = None if method == "GET" else {}
        headers = {"Authorization": f"Bearer {token}"} if token else None
        return client.open(path, method=method, json=body, headers=headers).status_code

    tokens = {
        access: client.post(
            "/tokens",
            json={**far, "access": access},
            headers={"Authorization": f"Bearer {SECRETS['MASTER_TOKEN']}"},
        ).json["token"]
        for access in ("read", "write")
    }
    for calls, access, *_ in rows_under("API"):
        for call in re.findall(r"`([A-Z]+ /[^`]*)`", calls):
            if access == "delivery":
                assert {status(call, token) for token in ("", *tokens.values())} == {401}, call
                continue
            assert (status(call, "") != 401) is (access == "open"), call
            assert (status(call, tokens["read"]) != 403) is (access in ("open", "read")), call
            assert (status(call, tokens["write"]) != 403) is (access in ("open", "write")), call


@pytest.fixture(scope="module")
def shell(port: int, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[str]]:
    """What became of the shell examples: the shell's end, and a line for each request."""
    place = tmp_path_factory.mktemp("examples")
    (place / "data" / "secrets").mkdir(parents=True)
    (place / "data" / "secrets" / "master_token").write_text(SECRETS["MASTER_TOKEN"])
    curl = f'curl() {{ {shlex.join([sys.executable, str(CURL)])} "$@"; }}'
    script = "\n".join(["set -euo pipefail", curl, *blocks("bash")])
    log = place / "log"
    ended = subprocess.run(
        ["bash", "-c", script.replace("127.0.0.1:8080", f"127.0.0.1:{port}")],
        cwd=place,
        env={**os.environ, "QHRONOS_TEST_LOG": str(log)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended, log.read_text().splitlines()


def test_the_examples_run_as_printed(shell: tuple[Any, list[str]]) -> None:
    """The shell reaches the end, and every request is answered with a success."""
    ended, requests = shell
    assert not [line for line in requests if not re.match(r"\S+ \S+ 2\d\d ", line)]
    assert (ended.returncode, ended.stderr) == (0, "")


def test_every_line_of_the_examples_that_asks_something_is_answered(
    shell: tuple[Any, list[str]],
) -> None:
    """No example is lost on the way to the server."""
    asked = [line for block in blocks("bash") for line in block.splitlines() if "$Q/" in line]
    printed = [line for block in blocks("bash") for line in block.splitlines() if ":8080/" in line]
    assert len(shell[1]) == len(asked) + len(printed) > 20


def test_the_line_that_make_run_prints_is_shown(tmp_path: Path) -> None:
    """The README shows the very line, with a shorter path."""
    run = prepare({f"{PREFIX}DATA_DIR": str(tmp_path)})
    line = example(run, "http://127.0.0.1:8081/hello")
    # BSD's date has other options.
    if sys.platform != "darwin":
        assert line.replace(shlex.quote(str(tmp_path)) + "/", "data/") in README


@pytest.mark.parametrize("secret", ["a secret in text", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_the_example_of_a_receiver_accepts_what_is_sent(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts a delivery, and refuses one that was changed, is old, or has another key."""
    namespace: dict[str, Any] = {}
    (source,) = blocks("python")
    exec(source, namespace)  # noqa: S102 - the README's own lines
    request = build(
        Job(b"e" * 16, b"o" * 16, 0, 1, "n", "", "{}", ("a",), "https://example.com/", (secret,)),
        EXAMPLES_NOW_MS,
    )
    headers = dict(line.split(": ", 1) for line in request.headers)
    rotated = {**headers, "webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}
    verify = namespace["verify"]
    monkeypatch.setattr(namespace["time"], "time", lambda: EXAMPLES_NOW_MS / 1000)
    assert verify(secret, headers, request.body)
    assert verify(secret, rotated, request.body)
    assert not verify(secret, headers, request.body + b" ")
    assert not verify("another secret", headers, request.body)
    monkeypatch.setattr(namespace["time"], "time", lambda: EXAMPLES_NOW_MS / 1000 + 600)
    assert not verify(secret, headers, request.body)


def test_the_figures_are_those_of_the_benchmarks() -> None:
    """What is quoted stands in the report, digit for digit."""
    report = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    (quoted,) = re.findall(r"^\*\*Measured\*\*.*?\n\n", README, flags=re.MULTILINE | re.DOTALL)
    stated = set(re.findall(r"\d[\d,.]*\d", report))
    figures = set(re.findall(r"\d[\d,.]*\d", quoted))
    assert figures
    assert figures <= stated


def test_every_package_that_we_chose_has_its_reason() -> None:
    """The table of packages and requirements.txt name the same ones."""
    chosen = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("\n\n")[1]
    pinned = {re.split("==", line)[0] for line in chosen.splitlines()}
    named = [name for row in rows_under("Why each package") for name in row[0].split(", ")]
    assert sorted(name.strip("`") for name in named) == sorted(pinned)


def test_the_readme_can_be_read_in_one_go() -> None:
    """At most 640 lines, none of them endless outside of tables and examples."""
    lines = README.splitlines()
    assert len(lines) <= 640
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL).splitlines()
    assert all(len(line) <= 100 for line in prose if not line.startswith("|"))


def test_the_changelog_begins_with_what_is_not_released() -> None:
    """Keep a Changelog: Unreleased on top, known kinds of change below."""
    versions = re.findall(r"^## \[?([^\]\n]+)", CHANGELOG, flags=re.MULTILINE)
    assert versions[0] == "Unreleased"
    kinds = set(re.findall(r"^### (.*)$", CHANGELOG, flags=re.MULTILINE))
    assert kinds
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
