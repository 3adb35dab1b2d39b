"""Puts Lua scripts together and refuses those that are not as they should be.

A file names each function of ``lua/include/`` that it calls in a line ``--#include name``. The file
``name.lua`` defines the function ``name`` and nothing else, and names in turn what it calls. A
script gets every function that it needs once, each before the first that calls it.

The code writes a hash's field as ``EventField.STATUS``; the server gets its stored name instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from app.store.fields import TABLES
from app.store.script_contracts import faults

_INCLUDE = re.compile(r"^--#include (\w+)\n", re.MULTILINE)
_FUNCTION = re.compile(r"^local function (\w+)(\([^)]*\))", re.MULTILINE)
_CONTRACT = re.compile(r"(?:--[^\n]*\n)*")
_FIELD = re.compile(r"\b(\w+Field)\.(\w+)")
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|'(?:\\.|[^'\\\n])*'")
_STORED = {f"{table.__name__}.{field.name}": f"'{field}'" for table in TABLES for field in table}


class ScriptError(Exception):
    """A script is refused. The message says which one and why; it is a fault of the program."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one Lua file, without its include lines, and the functions that it includes."""

    name: str
    text: str
    includes: tuple[str, ...]

    @property
    def contract(self) -> str:
        """The comment that the text begins with."""
        found = _CONTRACT.match(self.text)
        return found[0] if found else ""

    @property
    def code(self) -> str:
        """The text without comments, and with every string literal empty."""
        return _COMMENT_OR_TEXT.sub(lambda found: "''" if found[0][0] == "'" else "", self.text)


def assemble_all(folder: Traversable) -> dict[str, str]:
    """Every script of a folder by its name, ready for the server. Raises ``ScriptError``."""
    includes = {source.name: source for source in _read_folder(folder / "include")}
    for source in includes.values():
        _check_function(source)
    scripts = list(_read_folder(folder))
    for source in (*includes.values(), *scripts):
        _check_includes(source, includes)
        _check_fields(source)
    for source in scripts:
        if wrong := faults(source.contract, source.code):
            raise ScriptError(f"{source.name}: {wrong[0]}")
    assembled = {source.name: _assemble(source, includes) for source in scripts}
    used = {name for source in (*includes.values(), *scripts) for name in source.includes}
    if unused := sorted(set(includes) - used):
        raise ScriptError(f"include/{unused[0]}: no script includes it")
    return assembled


def _read_folder(folder: Traversable) -> Iterator[Source]:
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        name, _, suffix = file.name.partition(".")
        if suffix == "lua":
            text = file.read_text(encoding="utf-8")
            yield Source(name, _INCLUDE.sub("", text), tuple(_INCLUDE.findall(text)))


def _check_function(source: Source) -> None:
    functions = _FUNCTION.findall(source.text)
    if [name for name, _ in functions] != [source.name]:
        raise ScriptError(f"include/{source.name}: it must define {source.name} and nothing else")
    ((name, parameters),) = functions
    if not source.text.startswith(f"-- {name}{parameters}: "):
        raise ScriptError(f"include/{name}: it must begin with '-- {name}{parameters}: …'")
    if re.search(r"\b(KEYS|ARGV)\b", source.code):
        raise ScriptError(f"include/{name}: it must be given what it needs of KEYS and ARGV")


def _check_includes(source: Source, includes: Mapping[str, Source]) -> None:
    calls = set(re.findall(r"\b(\w+)\(", source.code)) & set(includes) - {source.name}
    for name in source.includes:
        if name not in includes:
            raise ScriptError(f"{source.name}: there is no include {name}")
        if source.includes.count(name) > 1:
            raise ScriptError(f"{source.name}: it includes {name} twice")
        if name not in calls:
            raise ScriptError(f"{source.name}: it includes {name} and does not call it")
    if missing := sorted(calls - set(source.includes)):
        raise ScriptError(f"{source.name}: it calls {missing[0]} and does not include it")


def _check_fields(source: Source) -> None:
    for table, member in _FIELD.findall(source.code):
        if f"{table}.{member}" not in _STORED:
            raise ScriptError(f"{source.name}: there is no field {table}.{member}")


def _assemble(script: Source, includes: Mapping[str, Source]) -> str:
    """The contract, the functions and the rest of a script."""
    functions: dict[str, str] = {}

    def add(source: Source, path: tuple[str, ...]) -> None:
        for name in source.includes:
            if name in path:
                raise ScriptError(f"{script.name}: {' includes '.join((*path, name))}")
            add(includes[name], (*path, name))
            functions.setdefault(name, includes[name].text)

    add(script, ())
    rest = script.text.removeprefix(script.contract)
    text = "".join((script.contract, *functions.values(), rest))
    return _FIELD.sub(lambda found: _STORED[found[0]], text)
