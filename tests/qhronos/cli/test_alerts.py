"""``qhronos alerts``: made, changed, tested and deleted, by name or id."""

from __future__ import annotations

import io

import pytest

from tests.qhronos.cli.conftest import Run

URL = "http://127.0.0.1:9/sesame"
MADE = ("alerts", "create", "on call", "--type", "webhook", "--on", "failing", "--on", "lag")


def test_one_is_made_shown_changed_and_deleted(
    on_app: Run, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL that is read is in no history of a shell."""
    (tmp_path / "secret").write_text("whisper it softly\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{URL}\n"))
    made = on_app(*MADE, "--url", "-", "--secret-file", str(tmp_path / "secret"), "--json")
    assert made.code == 0, made
    assert (made.json["on"], made.json["has_secret"]) == (["failing", "lag"], True)
    assert "sesame" not in made.out
    assert "on call" in on_app("alerts", "list").out
    changed = on_app("alerts", "set", "on call", "--lag", "5m", "--on", "lag", "--json")
    assert (changed.json["lag"], changed.json["on"]) == ("5m", ["lag"])
    assert on_app("alerts", "show", made.json["id"], "--json").json["lag"] == "5m"
    tested = on_app("alerts", "test", "on call")
    assert tested.code == 1
    assert tested.err == "The test did not arrive: the receiver refused the connection.\n"
    assert on_app("alerts", "delete", "on call").code == 2
    assert on_app("alerts", "delete", "on call", "--yes").code == 0
    assert on_app("alerts", "show", "on call").code == 4


def test_what_is_wrong_is_said_in_the_words_that_were_typed(on_app: Run, tmp_path) -> None:
    for words in (
        ("alerts", "create", "x", "--url", URL),
        ("alerts", "set", "x"),
        ("alerts", "create", "x", "--type", "pager"),
    ):
        assert on_app(*words).code == 2, words
    (tmp_path / "empty").write_text("\n")
    assert on_app(*MADE, "--url", URL, "--secret-file", str(tmp_path / "empty")).code == 2
    refused = on_app(*MADE, "--url", "no address")
    assert refused.code == 5
    assert "--url" in refused.err


def test_a_name_that_several_have_is_no_name(on_app: Run) -> None:
    ids = [on_app(*MADE, "--url", URL, "--json").json["id"] for _ in range(2)]
    assert on_app("alerts", "show", "on call").code == 2
    for one in ids:
        assert on_app("alerts", "delete", one, "--yes").code == 0
