"""``compose.yaml`` hands on every setting that there is, and every part gets the same."""

from __future__ import annotations

from typing import Any

import yaml

from app.config import PREFIX
from app.setting_variables import READERS
from tests.docs.pages import ROOT

OF_THE_CONTAINER = {"HOST", "PORT", "LOG_FORMAT"}
"""What the image or the container decides; nobody keeps these in files."""

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
PARTS: dict[str, Any] = {
    name: service for name, service in COMPOSE["services"].items() if name != "store"
}


def test_every_setting_is_handed_on_also_from_a_file() -> None:
    """What is not named here would be dropped without a word."""
    given = set(COMPOSE["x-part"]["environment"])
    settings = {PREFIX + name for name in READERS}
    files = {f"{PREFIX}{name}_FILE" for name in READERS if name not in OF_THE_CONTAINER}
    assert given == settings | files


def test_a_setting_without_a_value_here_has_the_value_that_the_operator_gave() -> None:
    """Compose takes it from its own environment or from ``.env``."""
    decided = {name for name, value in COMPOSE["x-part"]["environment"].items() if value}
    assert decided == {PREFIX + name for name in OF_THE_CONTAINER | {"REDIS_URL"}}


def test_every_part_gets_the_same_settings() -> None:
    assert set(PARTS) == {"web", "worker", "upkeep", "scheduler"}
    for name, service in PARTS.items():
        assert service["environment"] == COMPOSE["x-part"]["environment"], name
