"""What the feed writes, the import reads: the same names, times and tags."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ical.bodies import MAX_TAGS
from app.domain.ical.importing import read_entries
from app.domain.ical.writing import Happening, write_feed
from app.domain.occurrence import OccurrenceStatus
from tests.support.clock import NOW_MS

WEBHOOK = "https://example.com/"
CALLED_OFF = {"missed", "skipped", "cancelled"}
FIRST_MS, LAST_MS = 86_400_000, 4_102_444_800_000
"""The import takes starts from 2 January 1970 on."""

PRINTED = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" "),
    min_size=1,
    max_size=120,
).filter(lambda text: text == " ".join(text.split(" ")).strip())
ANY = st.text('a;,\\:"\n\r\t\x00\x0b\x85\u2028 ü€😀', max_size=120)
TAGS = st.lists(
    st.text('ab;\\:"üß€ ', min_size=1, max_size=30).map(str.strip).filter(bool), max_size=MAX_TAGS
)


def happenings(names):
    return st.lists(
        st.builds(
            Happening,
            uid=st.uuids().map(str),
            name=names,
            scheduled_ms=st.integers(FIRST_MS, LAST_MS),
            changed_ms=st.integers(0, LAST_MS),
            status=st.sampled_from(list(OccurrenceStatus)),
            description=ANY,
            error=st.none() | ANY,
            tags=TAGS.map(dict.fromkeys).map(tuple),
        ),
        max_size=6,
        unique_by=lambda one: one.uid,
    )


def imported(written):
    read = read_entries(write_feed(written), None, now_ms=NOW_MS, webhook=WEBHOOK)
    return list(read.entries())


@given(happenings(PRINTED))
def test_names_times_and_tags_come_back(written):
    """Each occurrence is an event of its own; one that did not happen is called off."""
    entries = imported(written)
    assert [one.uid for one in entries] == [f"{one.uid}@qhronos" for one in written]
    for entry, happening in zip(entries, written, strict=True):
        assert entry.refusal is None
        assert entry.is_cancelled == (happening.status in CALLED_OFF)
        if entry.body is None:
            continue
        ending = "" if happening.status == "scheduled" else f" [{happening.status}]"
        assert entry.body["name"] == happening.name + ending
        start = datetime.fromisoformat(entry.body["start_time"])
        assert start == datetime.fromtimestamp(happening.scheduled_ms // 1000, UTC)
        assert tuple(entry.body["tags"]) == happening.tags
        assert "schedule" not in entry.body
        assert entry.body["webhook"] == WEBHOOK


@given(happenings(ANY))
def test_no_name_makes_another_entry_or_has_one_refused(written):
    entries = imported(written)
    assert [one.uid for one in entries] == [f"{one.uid}@qhronos" for one in written]
    assert all(one.refusal is None for one in entries)
