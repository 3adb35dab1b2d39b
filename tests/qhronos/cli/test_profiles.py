"""Which instance a command talks to, and that tokens stay with their owner.

qhronos/cli/profiles.py and the commands login and logout.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from qhronos.cli.profiles import login, profiles_file, save
from qhronos.errors import NotConfigured, Unauthenticated, Unreachable
from tests.qhronos.cli.conftest import Run
from tests.qhronos.conftest import TOKEN, URL

KEPT = {
    "current": "a",
    "profiles": {name: {"url": f"http://{name}", "token": name} for name in "ab"},
}


def environ(place: Path, **more: str) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(place), **more}


def test_what_is_named_counts_before_what_was_kept(tmp_path: Path) -> None:
    """A named profile, the environment, the last login, this directory: in this order."""
    local = tmp_path / "data" / "secrets" / "master_token"
    local.parent.mkdir(parents=True)
    local.write_text("master\n")
    plain = environ(tmp_path)
    found = login(None, plain, tmp_path)
    assert (found.url, found.token) == ("http://127.0.0.1:8080", "master")
    assert login(None, environ(tmp_path, QHRONOS_PORT="9"), tmp_path).url == "http://127.0.0.1:9"
    (tmp_path / ".env").write_text("#QHRONOS_PORT=1\nQHRONOS_WORKERS=2\nexport QHRONOS_PORT='7'\n")
    assert login(None, plain, tmp_path).url == "http://127.0.0.1:7"
    assert login(None, environ(tmp_path, QHRONOS_PORT="9"), tmp_path).url == "http://127.0.0.1:9"
    save(profiles_file(plain), KEPT)
    assert login(None, plain, tmp_path).token == "a"
    both = environ(tmp_path, QHRONOS_URL="http://e", QHRONOS_TOKEN="e")
    assert login(None, both, tmp_path).token == "e"
    assert login(None, environ(tmp_path, QHRONOS_PROFILE="b"), tmp_path).token == "b"
    mixed = login("b", environ(tmp_path, QHRONOS_TOKEN="e"), tmp_path)
    assert (mixed.url, mixed.token) == ("http://b", "e")
    assert "token" not in repr(mixed)


def test_nothing_known_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="run 'qhronos login', or set QHRONOS_URL"):
        login(None, environ(tmp_path), tmp_path)
    with pytest.raises(NotConfigured, match=r"no profile 'x': make it with 'qhronos login URL"):
        login("x", environ(tmp_path), tmp_path)
    profiles = {name: {"url": "http://a", "token": "a"} for name in ("prod", "staging")}
    save(profiles_file(environ(tmp_path)), {"current": None, "profiles": profiles})
    for name, sentence in (("stagin", "did you mean 'staging'"), ("x", "there is prod, staging")):
        with pytest.raises(NotConfigured, match=sentence):
            login(name, environ(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("more", "of_url", "of_token"),
    [
        ({}, "from the profile a.", "'qhronos login http://a --name a' gives the profile another."),
        ({"QHRONOS_TOKEN": "e"}, "from the profile a.", "from QHRONOS_TOKEN."),
        ({"QHRONOS_URL": "http://e", "QHRONOS_TOKEN": "e"}, "from QHRONOS_URL.", "QHRONOS_TOKEN."),
    ],
)
def test_what_does_not_do_is_said_to_be_from_where_it_is(
    tmp_path: Path, more: dict[str, str], of_url: str, of_token: str
) -> None:
    save(profiles_file(environ(tmp_path)), KEPT)
    found = login(None, environ(tmp_path, **more), tmp_path)
    assert str(found.about(Unreachable("Gone."))).endswith(of_url)
    assert str(found.about(Unauthenticated("No.", status=401))).endswith(of_token)


def test_an_address_without_its_scheme_is_refused_before_the_token_is_asked_for(run: Run) -> None:
    ended = run("login", "localhost:8080")
    assert (ended.code, "did you mean http://localhost:8080?" in ended.err) == (2, True)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = profiles_file(environ(tmp_path))
    save(file, KEPT)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(NotConfigured, match="chmod 600"):
        login(None, environ(tmp_path), tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"profiles": {"a": {"url": "x"}}}', "\udcff"])
def test_a_file_that_is_half_written_is_named(tmp_path: Path, text: str) -> None:
    file = profiles_file(environ(tmp_path))
    save(file, KEPT)
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(NotConfigured, match=r"profiles\.json"):
        login(None, environ(tmp_path), tmp_path)


def test_a_directory_that_cant_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "qhronos").write_text("a file")
    with pytest.raises(NotConfigured, match="can't be written"):
        save(profiles_file(environ(tmp_path)), KEPT)


def test_a_token_is_tried_before_it_is_kept(
    run: Run, to_app: None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then every command uses it, until it is forgotten."""
    (home / "token").write_text(TOKEN + "\n")
    kept = run("login", URL, "--name", "test", "--token-file", "token")
    assert kept.code == 0, kept
    assert TOKEN not in kept.out
    assert run("events", "list").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("no-token\n"))
    refused = run("login", URL, "--name", "other", "--token-file", "-")
    assert refused.code == 3
    assert (
        "other"
        not in json.loads(profiles_file({"XDG_CONFIG_HOME": str(home / "config")}).read_text())[
            "profiles"
        ]
    )
    assert run("logout", "test").code == 0
    assert run("logout", "test").code == 2
    assert run("events", "list").code == 3
