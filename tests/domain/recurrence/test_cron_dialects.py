"""What other programs call cron: the translation that is proposed fires when theirs does."""

from __future__ import annotations

import json
import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.recurrence import compile_schedule
from app.domain.recurrence.cron import read_cron
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
LIMITS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2099))


class Quartz:
    """Quartz's fields by the slow way: each second, minute, … is asked whether it matches.

    Seconds, minutes, hours, day of the month, month, day of the week (Sunday is 1), year.
    """

    def __init__(self, text: str) -> None:
        fields = text.upper().split()
        self.fields = fields if len(fields) == 7 else [*fields, "*"]

    def between(self, start: datetime, end: datetime, most: int) -> list[datetime]:
        found: list[datetime] = []
        day = start
        hours, minutes, seconds = (
            [value for value in range(low, high + 1) if self._has(index, value)]
            for index, (low, high) in ((2, LIMITS[2]), (1, LIMITS[1]), (0, LIMITS[0]))
        )
        while day < end and len(found) < most:
            if self._on(day):
                found += [
                    day.replace(hour=hour, minute=minute, second=second)
                    for hour in hours
                    for minute in minutes
                    for second in seconds
                ]
            day += timedelta(days=1)
        return found[:most]

    def _on(self, day: datetime) -> bool:
        year, month, of_month, of_week = (
            self.fields[6],
            self.fields[4],
            self.fields[3],
            self.fields[5],
        )
        if not (self._has(6, day.year) or year == "*") or not (
            self._has(4, day.month) or month == "*"
        ):
            return False
        return (of_month == "?" or self._of_month(day)) and (of_week == "?" or self._of_week(day))

    def _of_month(self, day: datetime) -> bool:
        last = monthrange(day.year, day.month)[1]
        if self.fields[3] == "L":
            return day.day == last
        if self.fields[3] == "LW":
            after = [day.replace(day=later) for later in range(day.day + 1, last + 1)]
            return day.weekday() < 5 and all(one.weekday() >= 5 for one in after)
        return self._has(3, day.day)

    def _of_week(self, day: datetime) -> bool:
        number = day.isoweekday() % 7 + 1
        last = monthrange(day.year, day.month)[1]
        for term in self.fields[5].split(","):
            if term == "L":
                if number == 7:
                    return True
            elif term.endswith("L"):
                if number == self._value(5, term[:-1]) and day.day + 7 > last:
                    return True
            elif "#" in term:
                name, nth = term.split("#")
                if number == self._value(5, name) and (day.day + 6) // 7 == int(nth):
                    return True
            elif self._term(5, term, number):
                return True
        return False

    def _has(self, index: int, value: int) -> bool:
        return any(self._term(index, term, value) for term in self.fields[index].split(","))

    def _term(self, index: int, term: str, value: int) -> bool:
        low, high = LIMITS[index]
        span, _, step = term.partition("/")
        first, _, last = span.partition("-")
        begin = low if first in ("*", "?") else self._value(index, first)
        end = self._value(index, last) if last else (high if step or first in ("*", "?") else begin)
        length = (end - begin) % (high - low + 1)
        return (value - begin) % (high - low + 1) in range(0, length + 1, int(step or 1))

    @staticmethod
    def _value(index: int, text: str) -> int:
        if text in DAYS and index == 5:
            return DAYS.index(text) + 1
        return MONTHS.index(text) + 1 if text in MONTHS else int(text)


TRANSLATED = [
    # As Quartz has it, and what is proposed.
    ("0 0 12 ? * 2-6", '"0 12 * * MON-FRI"'),
    ("0 0 12 * * ? *", '"0 12 * * *"'),
    ("0 15 10 ? * MON-FRI *", '"15 10 * * MON-FRI"'),
    ("30 0/15 8-17 ? * 1,7 *", '"30 0/15 8-17 * * SUN,SAT"'),
    ("0 0 9 ? * 6L", '"0 9 * * FRIL"'),
    ("0 0 9 ? * 6#3", '"0 9 * * FRI#3"'),
    ("0 0 9 ? * 6#3 *", '"0 9 * * FRI#3"'),
    ("0 0 9 ? * L *", '"0 9 * * SAT"'),
    ("0 0 9 ? * 6-2 *", '"0 9 * * FRI-MON"'),
    ("0 0 9 ? * 2/2 *", '"0 9 * * MON,WED,FRI"'),
    ("0 0 9 ? * 2-6/2", '"0 9 * * MON,WED,FRI"'),
    ("0 0 9 L * ? *", '"0 9 L * *"'),
    ("0 0 9 LW NOV-FEB ? *", '"0 9 LW NOV-FEB *"'),
    ("0 0 22-2 1/5 * ? *", '"0 22-2 1/5 * *"'),
    ("0 0 12 1 1 ? 2027", '{"cron": "0 12 1 1 *", "until": "2027-12-31"}'),
    ("0 0 12 ? * 2 2026-2027", '{"cron": "0 12 * * MON", "until": "2027-12-31"}'),
]
AWS = [
    # As EventBridge has it, the same for Quartz, and what is proposed.
    ("cron(0 12 ? * MON-FRI *)", "0 0 12 ? * MON-FRI", '"0 12 * * MON-FRI"'),
    ("cron(0/15 8-17 ? * 2-6 *)", "0 0/15 8-17 ? * 2-6", '"0/15 8-17 * * MON-FRI"'),
    ("cron( 0 8 1 * ? * )", "0 0 8 1 * ?", '"0 8 1 * *"'),
    ("CRON(0 9 ? * 6L *)", "0 0 9 ? * 6L", '"0 9 * * FRIL"'),
    ("cron(0 9 ? * 2#1 2027)", "0 0 9 ? * 2#1 2027", '"0 9 * * MON#1", "until": "2027-12-31"'),
    ("0 12 ? * 1 *", "0 0 12 ? * 1", '"0 12 * * SUN"'),
    ("15 10 L * ? 2026-2027", "0 15 10 L * ? 2026-2027", '"15 10 L * *", "until": "2027-12-31"'),
]
REFUSED = [
    ("rate(5 minutes)", '{"every": "5m"}'),
    ("rate(1 hour)", '{"every": "1h"}'),
    ("Rate( 7 Days )", '{"every": "7d"}'),
    ("rate(0 minutes)", '{"every": "5m"} for every five minutes'),
    ("rate(5)", '{"every": "5m"} for every five minutes'),
    ("at(2026-11-20T13:00:00)", '"start_time": "2026-11-20T13:00:00"'),
    ("cron(0 12 * * *)", 'write "0 12 * * *"'),
    ("@every 5m", '{"every": "5m"}'),
    ("@every 90s", '{"every": "1m30s"}'),
    ("@EVERY 1h30m", '{"every": "1h30m"}'),
    ("@every fortnight", '{"every": "5m"}'),
    ("@reboot", "no machine starts here"),
    ("@fortnightly", "must be one of @yearly, @annually, @monthly"),
    ("0 9 * * * /usr/bin/backup.sh", "has a command after its fields"),
    ("0 9 * * * root /usr/bin/backup", "has a command after its fields"),
    ("0 9 * * * root backup", "has a command after its fields"),
    ("0 9 * * * curl -s https://example.com/hook", "has a command after its fields"),
    ("0 9 * * *\n0 17 * * *", "each of several lines as one of rules"),
    ("09:30 * * * MON", 'as in "30 9 * * *"'),
    (
        "0 9 * * MON\u2013FRI",
        'the character "\u2013" at position 12, which cron does not know; write - i',
    ),
    ("CRON_TZ=UTC 0 9 * * MON\u2013FRI", 'the character "\u2013" at position 24'),
    ("\uff10 9 * * *", "at position 1, which cron does not know; write 0 instead"),
    ("٣ * * * *", "write 3 instead"),
    ("0 9 * * \u017fUN", 'the character "\u017f" at position 9'),
    ("0 9 * * \u202eSUN", "the character U+202E at position 9"),
    ("0 9 * * \x00", "the character U+0000 at position 9"),
    ("'0 9 * * *'", "at position 1, which cron does not know; leave it out"),
    ("L", "has 1 field; it must have five fields"),
    ("every day", "is in words; give them to POST /preview as text"),
    ("Daily at nine", "is in words; give them to POST /preview as text"),
    ("every second friday of the month at 9", "is in words; give them to POST /preview as text"),
    ("0 0 * * 1-5 2026", "a year has no field; give start_time and until"),
    ("", "must not be empty"),
    # What has no exact translation is not translated.
    ("0 0 12 L-3 * ? *", "write five fields"),
    ("0 0 12 1 * 2 *", "write five fields"),
    ("0 0 12 ? * 9 *", "write five fields"),
    ("0 0 12 ? * */2 *", "write five fields"),
    ("0 0 12 ? * 2 2026,2028", '"0 12 * * MON" for each span of years'),
    ("cron(0 99 ? * MON *)", "write five fields"),
    ("cron(gibberish)", "write five fields"),
    ("cron()", "write five fields"),
]


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_cron(text, "cron")
    (sentence,) = caught.value.fields["cron"]
    return sentence


def proposed(sentence: str) -> dict[str, Any]:
    """The schedule in a sentence: the whole object, or the expression alone."""
    _, _, way = sentence.partition("; write ")
    found = re.match(r'\{[^}]*\}|"[^"]*"', way)
    assert found is not None, sentence
    schedule = json.loads(found[0])
    return {"cron": schedule} if isinstance(schedule, str) else schedule


@pytest.mark.parametrize(
    ("written", "quartz", "words"),
    [*((text, text, words) for text, words in TRANSLATED), *AWS],
    ids=[row[0] for row in [*TRANSLATED, *AWS]],
)
def test_a_translation_fires_when_the_original_does(written: str, quartz: str, words: str) -> None:
    """Compared with an evaluator of Quartz's own fields, for two years or a thousand times."""
    sentence = refusal(written)
    assert words in sentence
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 6, 1, tzinfo=UTC)
    expected = Quartz(quartz).between(start, end, 1_000)
    assert expected
    begin = int(start.timestamp()) * 1000
    if "and a start_time of" in sentence:
        begin = ms(sentence.rpartition(" ")[2] + "T00:00:00Z")
    recurrence = compile_schedule(proposed(sentence), begin, "UTC")
    until = int(end.timestamp()) * 1000 - 1
    found = recurrence.upcoming(begin - 1, len(expected) + (len(expected) < 1_000), until)
    assert [datetime.fromtimestamp(at / 1000, UTC) for at in found] == expected


@pytest.mark.parametrize(("written", "way"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_cron_is_told_what_to_write(written: str, way: str) -> None:
    sentence = refusal(written)
    assert way in sentence
    assert len(sentence) < 250
    if sentence.startswith(("is a rate", "can't be @every")):
        compile_schedule(proposed(sentence.replace(" for every", "; ")), 1_900_000_000_000, "UTC")


@pytest.mark.parametrize(
    ("quartz", "ours"),
    [
        ("0 0 12 * * ?", "0 12 * * *"),
        ("0 15 10 15 * ?", "15 10 15 * *"),
        ("0 0 9 ? * MON-FRI", "0 9 * * MON-FRI"),
        ("0 0 9 ? * FRI#2", "0 9 * * FRI#2"),
    ],
)
def test_six_fields_that_mean_the_same_in_quartz_and_here_are_taken(quartz: str, ours: str) -> None:
    """The seconds stand first in both, ``?`` is any day, and a name is no number."""
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
    span = (int(start.timestamp()), int(end.timestamp()), 10_000)
    found = list(read_cron(quartz, "cron").pattern.matches(*span))
    assert found == list(read_cron(ours, "cron").pattern.matches(*span))
    expected = Quartz(quartz).between(start, end, 10_000)
    assert found == [int(at.timestamp()) for at in expected]
