"""Every part is made when it is asked for, and nothing connects before it is used."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import get_origin, get_type_hints

import pytest

from app.config import Settings
from app.wiring.doubles import Doubles
from app.wiring.drains import Drains
from app.wiring.engine import Engine, build_engine
from app.wiring.services import Services, build_services
from app.wiring.storage import Storage
from tests.wiring.parts import ATTRIBUTES, PARTS, part_of

APP = Path(__file__).parents[2] / "app"


@pytest.mark.parametrize(
    ("part", "name"), ATTRIBUTES, ids=[f"{part.__name__}.{name}" for part, name in ATTRIBUTES]
)
def test_each_attribute_is_made_once_and_is_what_its_type_says(
    process: Engine, part: type, name: str
) -> None:
    owner = part_of(process, part)
    made = getattr(owner, name)
    assert made is getattr(owner, name)
    declared = vars(part)[name]
    function = declared.func if isinstance(declared, cached_property) else declared.fget
    wanted = get_type_hints(function)["return"]
    wanted = get_origin(wanted) or wanted
    # A protocol is what has a double: that it fits is mypy's to say.
    assert getattr(wanted, "_is_protocol", False) or isinstance(made, wanted)


def test_nothing_connects_before_it_is_used(settings: Settings, connections: list[object]) -> None:
    """The store and RQ may be away while a process starts."""
    process = build_engine(settings)
    for part, name in ATTRIBUTES:
        if (part, name) not in NEEDS_THE_STORE:
            getattr(part_of(process, part), name)
    assert connections == []


NEEDS_THE_STORE = {
    (Storage, "instance"),
    (Services, "instance"),
    (Drains, "identity"),  # the instance's name
    (Drains, "successors"),
    # Those below ask for ``Storage.events``, which checks that the store fits the settings.
    (Storage, "agreed"),
    (Storage, "events"),
    (Storage, "event_batches"),
    (Services, "successors"),
    *((Services, name) for name in ("overview", "intake", "identity", "forecasts")),
    (Services, "request_copies"),
    *((Services, name) for name in ("events", "creations", "import_jobs", "previews", "actions")),
    *((Services, name) for name in ("rotations", "occurrences", "redeliveries", "calendars")),
    *((Services, name) for name in ("feed", "bulk", "deletions")),
    *((Engine, name) for name in ("upkeep", "_retention", "alerts")),
}


@pytest.mark.parametrize("part", PARTS, ids=[part.__name__ for part in PARTS])
def test_a_part_is_frozen(part: type) -> None:
    """A test that would replace what is inside passes a double instead."""
    assert dataclasses.is_dataclass(part)
    assert vars(part)["__dataclass_params__"].frozen


def test_processes_share_nothing_but_what_they_are_given(
    settings: Settings, doubles: Doubles
) -> None:
    one, other = build_services(settings, doubles), build_services(settings, doubles)
    assert one.events is not other.events
    assert one.storage.client is other.storage.client


def test_a_process_of_the_api_loads_nothing_of_what_delivers() -> None:
    """It costs memory in every web worker."""
    code = (
        "import sys, app.factory, app.wiring.services as _;"
        "print({'pycurl', 'app.engine.drain', 'app.engine.scheduler'} & set(sys.modules))"
    )
    run = [sys.executable, "-c", code]
    answer = subprocess.run(run, cwd=APP.parent, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


def test_a_class_of_the_wiring_shares_its_name_with_no_other() -> None:
    names: dict[str, list[str]] = {}
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                names.setdefault(node.name, []).append(str(path.relative_to(APP)))
    assert {part.__name__: len(names[part.__name__]) for part in (*PARTS, Doubles)} == {
        part.__name__: 1 for part in (*PARTS, Doubles)
    }
