"""Lines of processes bear their names. (``test_supervisor`` has what reaches a file.)"""

from __future__ import annotations

import sys

import pytest

from app.runtime.output import Output


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_asks_for_none(
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
    no_color: str,
    coloured: bool,
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    Output(["a", "store"]).line("a", b"one\r")
    label = b"\033[36ma     | \033[0m" if coloured else b"a     | "
    assert capsysbinary.readouterr().out == label + b"one\n"


def test_a_wrapped_line_is_written_as_it_was_wrapped(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    Output(["a"], wrap=lambda name, line: f"{name}={line}").line("a", b"\xff")
    assert capsysbinary.readouterr().out == "a=\ufffd\n".encode()
