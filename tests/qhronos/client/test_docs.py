"""The examples of docs/python-client.md run as they are printed, and its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import qhronos
from qhronos.client.client import Client
from qhronos.client.resources import Resource
from tests.docs.pages import page
from tests.qhronos.conftest import TOKEN

PAGE = page("docs/python-client.md")
FILES = {block.file_name: block.text for block in PAGE.blocks if block.file_name}


def test_the_examples_with_a_client_run(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = tmp_path / "data" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "master_token").write_text(TOKEN + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QHRONOS_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("QHRONOS_TOKEN", TOKEN)
    for name in ("schedule.py", "many.py"):
        text = FILES[name].replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        exec(text, {})  # noqa: S102 - the page's own lines
    printed = capsys.readouterr().out
    assert printed.count("renewal") == 1
    assert re.search(r"^1 [0-9a-f-]{36}$", printed, re.MULTILINE)


@pytest.mark.parametrize("name", ["hooks_flask.py", "hooks_fastapi.py"])
def test_the_receivers_can_be_made(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they do is tested in tests/qhronos/test_verification.py."""
    monkeypatch.setenv("WEBHOOK_SECRET", "s" * 32)
    namespace: dict[str, Any] = {"__name__": "hooks"}
    exec(FILES[name], namespace)  # noqa: S102 - the page's own lines
    assert callable(namespace["receive"])


def test_the_table_of_methods_is_complete(client: Client) -> None:
    listed = {
        row[0].strip("` "): set(re.findall(r"`(\w+)`", row[1])) for row in PAGE.rows("member")
    }
    members = {
        f"client.{name}": methods(part)
        for name, part in vars(client).items()
        if isinstance(part, Resource)
    }
    assert listed == {**members, "client": methods(client) - {"close"}}


def methods(one: object) -> set[str]:
    return {name for name in dir(type(one)) if not name.startswith("_")}


def test_every_error_has_its_row() -> None:
    named = {name for row in PAGE.rows("error") for name in re.findall(r"`(\w+)`", row[0])}
    errors = {
        name
        for name in qhronos.__all__
        if isinstance(value := getattr(qhronos, name), type) and issubclass(value, Exception)
    }
    assert named == errors - {"QhronosError", "ApiError"}
