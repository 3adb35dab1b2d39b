"""The table of fields and the files that write and read them say the same.

Tests ``app.store.meta_field``, too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.store import fields
from app.store.fields import TABLES
from app.store.hash_field import HashField

STORE = Path(fields.__file__).parent
LUA = sorted((STORE / "lua").rglob("*.lua"))
NAMES = {f"{table.__name__}.{field.name}": field for table in TABLES for field in table}

CALL = re.compile(r"redis\.call\(\s*'(\w+)'((?:[^()]|\([^()]*\))*)\)")
WRITES = {"HSET", "HDEL", "HINCRBY", "XADD"}
READS = {"HGET", "HMGET", "HEXISTS"}


@cache
def code_of(script: Path) -> str:
    return re.sub(r"--[^\n]*", "", script.read_text(encoding="utf-8"))


@cache
def uses(path: Path) -> set[str]:
    """The fields that a file names."""
    if path.suffix == ".lua":
        return set(re.findall(r"\b\w+Field\.\w+", code_of(path)))
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    attributes = (node for node in nodes if isinstance(node, ast.Attribute))
    return {ast.unparse(node) for node in attributes} & set(NAMES)


def calls(script: Path) -> Iterator[tuple[str, str]]:
    """The commands on hashes and streams that a script calls, and their arguments."""
    for command, arguments in CALL.findall(code_of(script)):
        if command in WRITES | READS:
            yield command, arguments


def files_of(field: str) -> frozenset[str]:
    paths = [*LUA, *sorted(STORE.rglob("*.py"))]
    return frozenset(path.stem for path in paths if field in uses(path))


@pytest.mark.parametrize("name", NAMES)
def test_a_field_is_used_where_the_table_says(name: str) -> None:
    """Whoever changes what a field means finds everybody whom it concerns in the table."""
    field = NAMES[name]
    assert field.written_by | field.read_by == files_of(name)
    assert field.written_by
    assert field.read_by


@pytest.mark.parametrize("path", LUA, ids=lambda path: path.stem)
def test_a_script_writes_and_reads_the_fields_that_the_table_says(path: Path) -> None:
    """A field that a script writes has the script among its writers, and so for readers."""
    for command, arguments in calls(path):
        for name in re.findall(r"\w+Field\.\w+", arguments):
            field = NAMES[name]
            assert path.stem in (field.written_by if command in WRITES else field.read_by), name


@pytest.mark.parametrize("path", LUA, ids=lambda path: path.stem)
def test_no_script_writes_a_stored_name(path: Path) -> None:
    """A field has one name, by which all of its uses are found."""
    stored = {str(field) for field in NAMES.values()}
    for _, arguments in calls(path):
        assert not set(re.findall(r"'(\w+)'", arguments)) & stored


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_a_field_says_what_it_holds_and_means(table: type[HashField]) -> None:
    """The table is what describes the data model."""
    for field in table:
        assert field.kind
        assert field.meaning
