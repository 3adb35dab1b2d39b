"""The contract at the head of a script, and whether its code keeps it.

A contract says, in this order, what the script does, its KEYS, its ARGV and what it returns. KEYS
and ARGV are numbered and named, with explanations in parentheses. What is repeated comes last, and
so does, in a group, a name that stands for several values::

    -- KEYS: 1 claimed  2 due
    -- ARGV: 1 prefix  2 now (ms)
    --       3… per occurrence: id, token (of its lease)

The code gives KEYS and ARGV these very names before it uses them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

SECTIONS = ["Does", "KEYS", "ARGV", "Returns"]
SLOT = "slot"
"""A key that is given only so that the script runs where it is: the code need not name it."""

_SECTION = re.compile(r"^-- (\w+): ", re.MULTILINE)
_EXPLANATION = re.compile(r"\s*\([^()]*\)")
_NUMBERED = re.compile(r"(\d+) (\w+)")
_GROUP = re.compile(r"(\d+)… per [^:]+: (.+)")


class Parameters(NamedTuple):
    """The names of KEYS or ARGV, and those of a group that is repeated from then on."""

    names: list[str]
    group: list[str]


def faults(contract: str, code: str) -> list[str]:
    """What is wrong with a script, one sentence each; ``code`` is without comments."""
    if _SECTION.findall(contract) != SECTIONS:
        return [f"its contract must have {', '.join(SECTIONS)}"]
    _, _, keys, argv, _ = re.split(r"^-- \w+: ", contract, flags=re.MULTILINE)
    found: list[str] = []
    for name, text in (("KEYS", keys), ("ARGV", argv)):
        parameters = _read(text)
        if parameters is None:
            found.append(f"its {name} must be '1 name  2 name … n… per thing: name, name'")
        else:
            found += _compare(name, parameters, code)
    return found


def _read(text: str) -> Parameters | None:
    line = _EXPLANATION.sub("", " ".join(text.replace("\n--", " ").split()))
    numbered, names = [], []
    while match := _NUMBERED.match(line):
        numbered.append(int(match[1]))
        names.append(match[2])
        line = line[match.end() :].lstrip()
    group = _GROUP.fullmatch(line)
    if group is not None:
        numbered.append(int(group[1]))
    elif line:
        return None
    if numbered != list(range(1, len(numbered) + 1)):
        return None
    return Parameters(names, group[2].split(", ") if group else [])


def _compare(array: str, parameters: Parameters, code: str) -> list[str]:
    """Where the names of KEYS or ARGV in the code are not those of the contract."""
    expected = [name for name in parameters.names if name != SLOT]
    last = rf", 1, {len(expected)}" if array == "ARGV" else ""
    found = []
    if expected and not _assigns(expected, rf"unpack\({array}{last}\)", code):
        found.append(f"its code must begin with 'local {', '.join(expected)} = unpack({array}…)'")
    if parameters.group and not _names_group(array, parameters, code):
        found.append(f"its code must name {', '.join(parameters.group)}, in this order")
    used = expected + [name for name in parameters.group if not name.endswith("…")]
    found += [
        f"it does not use {name}" for name in used if len(re.findall(rf"\b{name}\b", code)) == 1
    ]
    if re.search(rf"\b{array}\[\d", code):
        found.append(f"its code must not take {array} by number")
    return found


def _names_group(array: str, parameters: Parameters, code: str) -> bool:
    start = len(parameters.names) + 1
    if re.search(rf"\bunpack\({array}, {start}\)", code):
        return True  # all of it, as it is
    names = [name for name in parameters.group if not name.endswith("…")]
    if len(names) == 1:
        return _assigns(names, rf"{array}\[i\]", code)
    return _assigns(names, rf"unpack\({array}, i, i \+ {len(names) - 1}\)", code)


def _assigns(names: list[str], value: str, code: str) -> bool:
    left = r",\s+".join(names)
    return re.search(rf"\blocal {left} =\s+{value}", code) is not None
