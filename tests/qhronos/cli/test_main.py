"""How every command starts and ends."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from qhronos.cli import root
from qhronos.cli.main import main
from tests.docs.pages import ROOT


def test_a_command_that_is_none_is_refused_with_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evnts"]) == 2
    sentence, hint = capsys.readouterr().err.splitlines()
    assert sentence == "No such command 'evnts'. Did you mean 'events'?"
    assert hint == "See 'qhronos --help'."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["xyz"], "No such command 'xyz'."),
        (["events", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["events", "list", "--jsn"], "No such option '--jsn'. Did you mean '--json'?"),
        (["--profil", "x"], "No such option '--profil'. Did you mean '--profile'?"),
    ],
)
def test_what_is_near_to_a_word_is_named(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.splitlines()[0] == sentence


def test_what_is_wrong_with_the_words_of_a_command_is_the_first_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["events", "trigger"]) == 2
    assert capsys.readouterr().err == (
        "Missing argument 'EVENT'.\nSee 'qhronos events trigger --help'.\n"
    )
    assert main(["login", "http://127.0.0.1:9"]) == 2
    assert capsys.readouterr().err == (
        "Nobody can be asked for the token: say --token-file FILE, or '-'.\n"
    )


def test_in_any_locale_arguments_are_utf8_and_answers_are_written() -> None:
    """A terminal of ASCII gets what it has no signs for written out; JSON stays JSON."""
    code = (
        "import sys; from qhronos.cli.main import main; from qhronos.cli import output; "
        "main(['events', 'show', b'\\xff'.decode('ascii', 'surrogateescape')]); "
        "output.say('Zo\\xeb'); output.as_json_line('Zo\\xeb')"
    )
    settings = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, env=settings
    )
    assert ended.stdout.decode("ascii").splitlines() == [r"Zo\xeb", r'"Zo\u00eb"']
    assert ended.stderr.decode("ascii").strip() == r"'\udcff' is not in UTF-8: write it so."


def test_every_command_of_the_table_is_there_and_says_what_it_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the list as in its own help."""
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    for name in root.COMMANDS:
        command = root.root.get_command(click.Context(root.root), name)
        assert command is not None
        assert command.get_short_help_str(), name
        assert f"  {name} " in listed


@pytest.mark.parametrize("words", [[], *([name] for name in root.COMMANDS)])
def test_no_summary_is_cut_off(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    usage, *lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.endswith("...")], usage


def test_examples_stand_in_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    for words, example in (
        (["explain"], '  qhronos explain "*/5 * * * *"'),
        (["events", "create"], "          --webhook https://example.com/payroll --tag billing"),
    ):
        assert main([*words, "--help"]) == 0
        assert example.strip() in [one.strip() for one in capsys.readouterr().out.splitlines()]


def test_ctrl_c_is_one_word_and_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qhronos.cli.commands.up.become", interrupted)
    assert main(["up"]) == 130
    assert capsys.readouterr().err.strip() == "Stopped."


def test_without_click_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "click", None)
    assert main(["--help"]) == 2
    assert "pip install 'qhronos[client]'" in capsys.readouterr().err
    assert main(["up"]) == 2
    assert "pip install 'qhronos[server]'" in capsys.readouterr().err


def test_help_imports_nothing_that_is_slow() -> None:
    """What costs a start its time is imported when a command does its work; so for every command.

    Completion in a shell starts the program for each press of the key.
    """
    slow = {"httpx", "rich", "asyncio", "flask", "mcp", "yaml", "websockets", "ssl", "http.server"}
    code = (
        "import sys; from qhronos.cli import root; from qhronos.cli.main import main; "
        "[main([name, '--help']) for name in root.COMMANDS]; main(['--help']); "
        f"print(*{slow} & {{*sys.modules}}, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stderr.strip() == ""
