"""What the loader makes of scripts, and what it refuses: a fault is found before a call.

Tests ``app.store.script_contracts``, too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.store.script_loader import ScriptError, assemble_all

HEADER = """\
-- Does: renews a lease.
-- KEYS: 1 claimed
-- ARGV: 1 prefix  2 now (ms)
--       3… per occurrence: id, token (of its lease)
-- Returns: nothing.
"""
NAMES = """\
local claimed = unpack(KEYS)
local prefix, now = unpack(ARGV, 1, 2)
for i = 3, #ARGV, 2 do
  local id, token = unpack(ARGV, i, i + 1)
"""
BODY = NAMES + "  redis.call('ZADD', claimed, now, prefix .. id .. token)\nend\n"
DOUBLE = "-- double(a): twice as much.\nlocal function double(a)\n  return a * 2\nend\n"
QUADRUPLE = (
    "--#include double\n-- quadruple(a): four times as much.\n"
    "local function quadruple(a)\n  return double(double(a))\nend\n"
)
CALL = "return double(1)\n"


def load(tmp_path: Path, script: str, **includes: str) -> str:
    """Load a folder with one script; its text as the server gets it."""
    (tmp_path / "include").mkdir()
    (tmp_path / "script.lua").write_text(script, encoding="utf-8")
    for name, text in includes.items():
        (tmp_path / "include" / f"{name}.lua").write_text(text, encoding="utf-8")
    return assemble_all(tmp_path)["script"]


def test_an_include_stands_between_the_contract_and_the_code(tmp_path: Path) -> None:
    """A script calls what it includes."""
    text = load(tmp_path, HEADER + "--#include double\n" + BODY + CALL, double=DOUBLE)
    assert text == HEADER + DOUBLE + BODY + CALL


def test_an_include_brings_what_it_includes_itself_once_and_first(tmp_path: Path) -> None:
    """A function stands before the first that calls it."""
    script = HEADER + "--#include quadruple\n--#include double\n" + BODY + "quadruple(double(1))\n"
    text = load(tmp_path, script, double=DOUBLE, quadruple=QUADRUPLE)
    assert text.count("local function double") == 1
    assert text.index("function double") < text.index("function quadruple")


def test_a_field_is_written_with_its_stored_name(tmp_path: Path) -> None:
    """The server knows nothing of the names in the code."""
    text = load(tmp_path, HEADER + BODY + "redis.call('HGET', now, EventField.STATUS)\n")
    assert text.endswith("redis.call('HGET', now, 'st')\n")


@pytest.mark.parametrize(
    ("script", "includes", "message"),
    [
        ("--#include double\n" + BODY + CALL, {}, "there is no include double"),
        (
            "--#include double\n--#include double\n" + BODY + CALL,
            {"double": DOUBLE},
            "it includes double twice",
        ),
        (
            "--#include double\n" + BODY + CALL,
            {"double": DOUBLE.replace("double", "twice")},
            "include/double: it must define double and nothing else",
        ),
        (
            "--#include double\n" + BODY + CALL,
            {"double": DOUBLE + DOUBLE.replace("double", "twice")},
            "include/double: it must define double and nothing else",
        ),
        (
            "--#include double\n" + BODY + CALL,
            {"double": DOUBLE.replace("double(a):", "double(b):")},
            "it must begin with '-- double(a): …'",
        ),
        (
            "--#include double\n" + BODY + CALL,
            {"double": DOUBLE.replace("a * 2", "#KEYS")},
            "it must be given what it needs of KEYS and ARGV",
        ),
        (BODY + CALL, {"double": DOUBLE}, "it calls double and does not include it"),
        (
            "--#include quadruple\n" + BODY + "quadruple(1)\n",
            {"double": DOUBLE, "quadruple": QUADRUPLE.removeprefix("--#include double\n")},
            "quadruple: it calls double and does not include it",
        ),
        (
            "--#include double\n" + BODY + "-- double(1)\nreturn 'double(1)'\n",
            {"double": DOUBLE},
            "it includes double and does not call it",
        ),
        (BODY, {"double": DOUBLE}, "include/double: no script includes it"),
        (
            "--#include double\n" + BODY + CALL,
            {
                "double": "--#include quadruple\n" + DOUBLE.replace("a * 2", "quadruple(a)"),
                "quadruple": QUADRUPLE,
            },
            "double includes quadruple includes double",
        ),
        (BODY + "EventField.NONSENSE\n", {}, "there is no field EventField.NONSENSE"),
    ],
)
def test_a_fault_in_includes_is_refused(
    tmp_path: Path, script: str, includes: dict[str, str], message: str
) -> None:
    """Whoever reads a script sees by its includes what it calls."""
    with pytest.raises(ScriptError, match=re.escape(message)):
        load(tmp_path, HEADER + script, **includes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- Returns: nothing.\n", "", "its contract must have Does, KEYS, ARGV, Returns"),
        ("KEYS: 1 claimed", "KEYS: claimed", "its KEYS must be"),
        ("1 prefix  2 now", "1 prefix  3 now", "its ARGV must be"),
        ("3… per occurrence: id", "4… per occurrence: id", "its ARGV must be"),
        ("KEYS: 1 claimed", "KEYS: 1 claimed  2 due", "'local claimed, due = unpack(KEYS…)'"),
        ("1 prefix  2 now", "1 now  2 prefix", "'local now, prefix = unpack(ARGV…)'"),
        ("id, token", "token, id", "its code must name id, token, in this order"),
        ("claimed, now, prefix", "claimed, now", "it does not use prefix"),
        ("prefix .. id .. token", "prefix .. id", "it does not use token"),
        ("prefix .. id", "ARGV[1] .. prefix .. id", "its code must not take ARGV by number"),
        ("prefix .. id", "KEYS[1] .. prefix .. id", "its code must not take KEYS by number"),
    ],
)
def test_a_contract_that_the_code_does_not_keep_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """Each of KEYS and ARGV has one name, in the contract and in the code."""
    head, found, tail = (HEADER + BODY).rpartition(old)
    assert found
    with pytest.raises(ScriptError, match=re.escape(message)):
        load(tmp_path, head + new + tail)
