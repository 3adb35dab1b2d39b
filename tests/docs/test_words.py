"""The page about words tells the truth: each text in its tables is tried."""

from __future__ import annotations

import json
import re

import pytest

from app.domain.words import understand
from app.errors import InvalidInput
from tests.docs.pages import page

NOW = 1_795_000_000_000
UNDERSTOOD, RULES, ASKED = (
    re.findall(r"^\| `([^|]+)` \| (.*) \|$", part, flags=re.MULTILINE)
    for part in re.split(r"^## ", page("docs/words.md").text, flags=re.MULTILINE)[1:]
)


@pytest.mark.parametrize(("text", "schedule"), UNDERSTOOD, ids=[text for text, _ in UNDERSTOOD])
def test_what_is_said_to_be_understood_is(text: str, schedule: str) -> None:
    found = understand(text, 1_764_000_000_000, "Europe/Berlin")
    if schedule.startswith("`{"):
        assert found.schedule == json.loads(schedule.strip("`"))
    assert (found.schedule is None) == ("one moment" in schedule)


@pytest.mark.parametrize("text", [text for text, _ in ASKED])
def test_what_is_said_to_be_asked_back_is(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        understand(text, NOW, "Europe/Berlin")
    assert list(caught.value.fields) == ["text"]


def test_the_tables_are_there() -> None:
    assert (len(UNDERSTOOD), len(ASKED)) == (21, 15)
    assert len(RULES) >= 10
