"""The page about cron tells the truth: each term in its tables is tried."""

from __future__ import annotations

import re

import pytest

from app.domain.recurrence import compile_schedule, named_zone
from app.errors import InvalidInput
from tests.docs.pages import page

START = 1_790_000_000_000
UNDERSTOOD, REFUSED, OTHERS = (
    re.findall(r"^\| `([^`]+)` \|(.*)\|$", part, flags=re.MULTILINE)
    for part in re.split(r"^## ", page("docs/cron.md").text, flags=re.MULTILINE)[1:]
)


@pytest.mark.parametrize("term", [term for term, _ in UNDERSTOOD])
def test_what_is_said_to_be_understood_is(term: str) -> None:
    schedule = {"cron": term}
    compile_schedule(schedule, START, named_zone(schedule))


@pytest.mark.parametrize(
    ("term", "way"), [(term, rest.split("|")[-1]) for term, rest in REFUSED + OTHERS]
)
def test_what_is_said_to_be_refused_is_with_that_way_out(term: str, way: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        compile_schedule({"cron": term}, START, None)
    written = re.findall(r"`([^`]+)`", way)[:1]
    (sentence,) = caught.value.fields["schedule.cron"]
    for one in written:
        assert one in sentence or one.split(",")[-1] in sentence or one.startswith("30 9")
