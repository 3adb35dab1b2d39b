"""What is stored of a definition: the bytes that earlier versions stored, and what they mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.action import Action, webhook
from app.domain.definition import Definition
from app.domain.options import EventOptions
from app.domain.schedule import Schedule
from app.store.codec import definition_from_doc, definition_to_doc

TARGET = webhook("https://example.com/hook")

STORED = [
    (
        Definition("n", 1, TARGET),
        ['{"name":"n","start":1,"to":"https://example.com/hook"}'],
    ),
    (
        Definition(
            'Zoë "plan":',
            -5,
            TARGET,
            "about",
            "Europe/Berlin",
            Schedule({"frequency": "daily", "interval": 1}),
            EventOptions({"retry": {"factor": 1.0, "attempts": 2}, "calendars": ["a"], "x": None}),
            ("X-A", "X-B"),
        ),
        [
            '{"name":"Zoë \\"plan\\":","start":-5,"about":"about","tz":"Europe/Berlin",',
            '"plan":{"frequency":"daily","interval":1},',
            '"opt":{"retry":{"factor":1.0,"attempts":2},"calendars":["a"],"x":null},',
            '"hdr":["X-A","X-B"],"to":"https://example.com/hook"}',
        ],
    ),
    (
        Definition("n", 1, Action("other", {"client_name": "c"}), options=EventOptions({"a": 1})),
        [
            '{"name":"n","start":1,"opt":{"a":1},',
            '"action":{"type":"other","params":{"client_name":"c"}}}',
        ],
    ),
    (
        Definition("n", 1, Action("webhook", {"url": "https://a.example/", "b": 1})),
        [
            '{"name":"n","start":1,"action":{"type":"webhook",',
            '"params":{"url":"https://a.example/","b":1}}}',
        ],
    ),
]
"""As commit 8d06805 wrote them."""


@pytest.mark.parametrize(("definition", "parts"), STORED)
def test_a_definition_is_stored_as_ever_and_read_back(
    definition: Definition, parts: list[str]
) -> None:
    doc = "".join(parts)
    assert definition_to_doc(definition).decode() == doc
    assert definition_from_doc(doc.encode()) == definition


DURATIONS = st.sampled_from(["1s", "90s", "1h30m", "2d"])
URLS = st.sampled_from(["https://example.com/", "https://bücher.example/ü?a=b", "http://[::1]:9/"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "retry": st.sampled_from(
            [
                {"attempts": 3},
                {"delays": ["5s", "5m"], "max_age": "1d"},
                {"backoff": "exponential", "factor": 1.50, "jitter": 0, "first": 10},
            ]
        ),
        "misfire": st.fixed_dictionaries(
            {},
            optional={
                "grace": DURATIONS,
                "policy": st.sampled_from(["skip", "fire_all"]),
                "limit": st.integers(1, 1_000),
            },
        ),
        "jitter": DURATIONS,
        "timeout": DURATIONS,
        "ack_timeout": DURATIONS,
        "calendars": st.lists(TEXTS, max_size=3, unique=True),
        "on_excluded": st.sampled_from(["skip", "next_day", "previous_day"]),
        "dst": st.sampled_from([{}, {"gap": "skip"}, {"repeat": "both", "gap": "shift"}]),
        "overlap": st.sampled_from(["allow", "skip", "queue_one", "cancel_previous"]),
        "flow": st.sampled_from([{}, {"key": "k"}, {"rate": "10/s", "burst": 2}]),
        "order": st.sampled_from(["any", "strict"]),
        "flow_space": st.sampled_from(["", "ceb710ae61734c58"]),
        "on_success": URLS,
        "on_failure": URLS,
        "pause": st.sampled_from([{"until_ms": 1_893_456_000_000}, {"note": "why"}]),
        "unknown": st.recursive(
            st.none() | st.booleans() | st.integers() | TEXTS,
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
            max_leaves=5,
        ),
    },
)
SCHEDULES = st.none() | st.sampled_from(
    [{"every": "90s"}, {"cron": "0 9 * * MON"}, {"frequency": "weekly", "by_day": ["MO", "-1FR"]}]
)


@given(
    name=TEXTS,
    start_ms=st.integers(-(10**12), 10**13),
    url=URLS,
    description=st.just("") | TEXTS,
    timezone=st.none() | st.sampled_from(["UTC", "Europe/Berlin"]),
    schedule=SCHEDULES,
    options=OPTIONS.flatmap(lambda one: st.permutations(list(one.items()))),
    headers=st.lists(TEXTS, max_size=2),
    wall_ms=st.none() | st.integers(1, 10**13),
)
def test_whatever_is_accepted_is_stored_as_given(
    name: str,
    start_ms: int,
    url: str,
    description: str,
    timezone: str | None,
    schedule: dict[str, Any] | None,
    options: list[tuple[str, Any]],
    headers: list[str],
    wall_ms: int | None,
) -> None:
    """In the order in which it was given, whether it was read meanwhile or not."""
    settings = EventOptions(dict(options))
    definition = Definition(
        name,
        start_ms,
        webhook(url),
        description,
        timezone,
        None if schedule is None else Schedule(schedule),
        settings,
        tuple(headers),
        wall_ms,
    )
    _ = settings.retry, settings.misfire, settings.flow, settings.pause, settings.calendars
    expected: dict[str, Any] = {"name": name, "start": start_ms}
    optional = {"about": description, "tz": timezone, "plan": schedule, "opt": dict(options)}
    optional |= {"hdr": headers, "wall": wall_ms}
    expected |= {key: value for key, value in optional.items() if value}
    expected["to"] = url
    doc = definition_to_doc(definition)
    assert doc == json.dumps(expected, ensure_ascii=False, separators=(",", ":")).encode()
    found = definition_from_doc(doc)
    assert found == definition
    assert definition_to_doc(found) == doc


@pytest.mark.parametrize(
    "plan",
    [
        b'{"rrule":"freq=yearly;byweekno=20;count=9"}',
        b'{"frequency":"yearly","by_week_no":[20],"count":9}',
    ],
)
def test_what_a_count_of_weeks_came_to_before_is_forgotten(plan: bytes) -> None:
    """Once a week that is named by its number had seven days; now it has that of the start."""
    before = b'{"name":"n","start":1,"plan":' + plan + b',"ends":[7],"to":"https://a.example/"}'
    found = definition_from_doc(before)
    assert found.schedule is not None
    assert found.schedule.ends == ()
    schedule = Schedule(found.schedule.given, (8,))
    again = definition_to_doc(found._replace(schedule=schedule))
    read = definition_from_doc(again)
    assert read.schedule is not None
    assert read.schedule.ends == (8,)
    days = before.replace(b"week", b"month")
    assert definition_from_doc(days).schedule.ends == (7,)


def test_a_series_is_read_and_its_schedule_compiled_once() -> None:
    """It comes with every occurrence of its event."""
    doc = b'{"name":"once","start":1767225600000,"plan":{"every":"1m"},"to":"https://a.example/"}'
    one, other = definition_from_doc(doc), definition_from_doc(bytes(bytearray(doc)))
    assert one is other
    assert one.recurrence is other.recurrence
    moved = one._replace(start_ms=one.start_ms + 1)
    assert moved.recurrence is not one.recurrence
    assert moved.recurrence.next_after(0) == one.start_ms + 1
    assert one.recurrence.next_after(0) == one.start_ms


def test_what_occurs_once_takes_no_room_of_those_that_come_again() -> None:
    doc = b'{"name":"\\"plan\\":","start":1,"to":"https://a.example/"}'
    assert definition_from_doc(doc) == definition_from_doc(doc)
    assert definition_from_doc(doc) is not definition_from_doc(doc)


def test_long_definitions_are_kept_by_the_hundred_and_no_more() -> None:
    """Thousands of them would fill the memory of every process; short ones do not suffer."""
    times = [f"2027-01-01T{n % 24:02}:00:00Z" for n in range(100)]
    schedule = Schedule({"every": "1h", "exclude": times})
    short = definition_to_doc(Definition("short", 0, TARGET, schedule=Schedule({"every": "1h"})))
    kept = definition_from_doc(short)
    long = [definition_to_doc(Definition(f"{n}", 0, TARGET, schedule=schedule)) for n in range(200)]
    first = definition_from_doc(long[0])
    assert definition_from_doc(long[0]) is first
    for one in long:
        definition_from_doc(one)
    assert definition_from_doc(long[0]) is not first
    assert definition_from_doc(short) is kept
