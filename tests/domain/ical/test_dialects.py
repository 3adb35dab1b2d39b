"""Files as the programs of people write them, to the second in UTC."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ical import taken, times_of

FILES = Path(__file__).parents[2] / "vectors" / "dialects"
BIRTHDAYS = ["2028-02-28T23:00:00Z", "2032-02-28T23:00:00Z", "2036-02-28T23:00:00Z"]

EXPECTED = {
    "outlook": {
        # Every Monday at nine, also after the clock has changed; Easter Monday is taken out.
        "Wochenstart": ["2027-03-22T08:00:00Z", "2027-03-29T07:00:00Z", "2027-04-12T07:00:00Z"],
        "Inventur": ["2027-04-05T22:00:00Z"],
    },
    "exchange": {
        # A zone of the file's own, which is New York's; the third day is moved to eleven.
        "Stand-up": ["2027-03-12T14:30:00Z", "2027-03-13T14:30:00Z", "2027-03-15T13:30:00Z"],
        "Stand-up (late)": ["2027-03-14T15:00:00Z"],
    },
    "google": {
        "Weekly": ["2027-03-08T14:00:00Z", "2027-03-22T13:00:00Z"],
        "Weekly moved": ["2027-03-16T18:00:00Z"],
        # In UTC it is Tuesday, whatever day it is in New York.
        "Backup": ["2027-03-09T01:30:00Z", "2027-03-16T01:30:00Z"],
    },
    "apple": {
        # A birthday whose year nobody knows.
        "Geburtstag von Jana": BIRTHDAYS,
        "Gießen": ["2027-03-26T17:00:00Z", "2027-03-30T16:00:00Z", "2027-04-01T16:00:00Z"],
    },
    "nextcloud": {
        # The last working day of the month.
        "Müll": ["2027-03-31T05:00:00Z", "2027-04-30T05:00:00Z"],
        "Abgesagt": None,
    },
    "thunderbird": {
        # The second time is taken out, by its moment in UTC.
        "Call": ["2027-03-31T22:00:00Z", "2027-04-14T23:00:00Z"],
        "Lunch": ["2027-04-01T10:00:00Z"],
    },
    "fantastical": {
        "Close the books": ["2027-01-31T04:30:00Z", "2027-02-28T04:30:00Z"],
        "Close the books on a Tuesday": [
            "2027-03-30T04:30:00Z",
            "2027-04-27T04:30:00Z",
            "2027-05-25T04:30:00Z",
        ],
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_program_writes_occurs_when_it_says(name: str) -> None:
    """Times without a zone are Berlin's here."""
    lines = (FILES / f"{name}.ics").read_bytes().splitlines()
    entries = taken(b"\r\n".join([*lines, b""]), "Europe/Berlin")
    found = {}
    for one in entries:
        shown = f"{one.name} moved" if one.name in found else one.name
        found[shown] = None if one.is_cancelled else times_of(one)
    assert found == EXPECTED[name]


def test_every_file_is_tested() -> None:
    assert {path.stem for path in FILES.glob("*.ics")} == set(EXPECTED)


def test_what_a_program_says_beside_the_time() -> None:
    (bins, _) = taken((FILES / "nextcloud.ics").read_bytes())
    assert bins.body is not None
    assert bins.body["webhook"] == "https://example.com/bins"
    assert bins.body["tags"] == ["Haus", "Abfuhr"]
    weekly = taken((FILES / "google.ics").read_bytes())[0]
    assert weekly.body is not None
    assert weekly.body["description"] == "Agenda\nhttps://example.com/agenda, as always"
