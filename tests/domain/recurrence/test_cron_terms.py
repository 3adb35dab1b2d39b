"""The terms of a cron expression: what is understood, and how the rest is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.recurrence.cron import read_cron
from app.domain.recurrence.cron_terms import CRON_FIELDS
from app.domain.schedule import Schedule
from app.errors import InvalidInput
from tests.support.processor import processor_s

ALIKE = [
    # What people write, and the same in the words of every cron.
    ("0 9 * * MON-SUN", "0 9 * * 1-7"),
    ("0 9 * * SAT-SUN", "0 9 * * 6,0"),
    ("0 9 * * FRI-MON", "0 9 * * 5,6,0,1"),
    ("0 9 * * 5-1", "0 9 * * 5,6,0,1"),
    ("0 9 * * 7-1", "0 9 * * 0,1"),
    ("0 9 * * SUN-SAT", "0 9 * * 0-6"),
    ("0 9 * * 0-7", "0 9 * * 0-6"),
    ("0 9 * * FRI-TUE/2", "0 9 * * 5,0,2"),
    ("0 9 * * WED-TUE", "0 9 * * 0-6"),
    ("0 0 1 NOV-MAR *", "0 0 1 11,12,1,2,3 *"),
    ("0 22-6 * * *", "0 22,23,0,1,2,3,4,5,6 * * *"),
    ("0 22-6/2 * * *", "0 22,0,2,4,6 * * *"),
    ("50-10/5 9 * * *", "0,5,10,50,55 9 * * *"),
    ("0 9 28-2 * *", "0 9 1,2,28,29,30,31 * *"),
    ("0 9 * * FRIL", "0 9 * * 5L"),
    ("0 9 * * fridayl", "0 9 * * 5L"),
    ("0 9 * * friday#2,tues#1", "0 9 * * 5#2,2#1"),
    ("0 9 * * MONDAY-Friday", "0 9 * * 1-5"),
    ("0 9 * * Tues,Weds,Thurs", "0 9 * * 2,3,4"),
    ("0 9 1 january,SEPT *", "0 9 1 1,9 *"),
    ("0 9 * * mon, wed ,fri", "0 9 * * 1,3,5"),
    ("0, 30 9 * * *", "0,30 9 * * *"),
    ("0 9 * * MON - FRI", "0 9 * * 1-5"),
    ("*/ 15 * * * *", "*/15 * * * *"),
    ("0\t9  * * *", "0 9 * * *"),
    (" 0 9 * * * \t", "0 9 * * *"),
    ("00 09 * * *", "0 9 * * *"),
    # A step of a whole round is once in each, which is what it says.
    ("*/60 * * * *", "0 * * * *"),
    ("5/60 */24 * * *", "5 0 * * *"),
    ("0 0 1 */12 *", "0 0 1 1 *"),
    ("0 0 * * */7", "0 0 * * 0"),
]

REFUSED = [
    ("*/90 * * * *", 'has "*/90" in field 1 (minute), a step beyond its end', '{"every": "90m"}'),
    ("5/90 * * * *", 'has "5/90" in field 1 (minute), a step beyond', '{"every": "90m"}'),
    ("*/90 0 * * * *", 'has "*/90" in field 1 (second), a step beyond', '{"every": "90s"}'),
    ("0 */90 * * * *", 'has "*/90" in field 2 (minute), a step beyond', '{"every": "90m"}'),
    ("0 */36 * * *", 'has "*/36" in field 2 (hour), a step beyond its end', '{"every": "36h"}'),
    ("0 0 */45 * *", 'has "*/45" in field 3 (day of the month)', '{"every": "45d"}'),
    ("0 0 1 */18 *", 'has "*/18" in field 4 (month)', '"interval": 18'),
    ("0 0 * * */14", 'has "*/14" in field 5 (day of the week)', '{"every": "14d"}'),
    ("0 0 31 2 *", 'no month of "2" has a day of "31"', "write L for the last day"),
    ("0 0 31 FEB,APR *", 'no month of "2,4" has a day of "31"', "write L for the last day"),
    ("60 * * * *", 'has "60" in field 1 (minute)', "write 0"),
    ("0 24 * * *", 'has "24" in field 2 (hour)', "write 0 for midnight"),
    ("0 25 * * *", 'has "25" in field 2 (hour)', "write 0 to 23"),
    ("0 9 0 * *", 'has "0" in field 3 (day of the month)', "write 1 to 31 or L"),
    ("0 9 32W * *", 'has "32W" in field 3', "write one day of 1 to 31 before the W"),
    ("0 9 1-5W * *", 'has "1-5W" in field 3', "write one day"),
    ("0 9 WL * *", 'has "WL" in field 3', "write LW"),
    ("0 9 L-3 * *", 'has "L-3" in field 3', '"by_month_day": [-4]'),
    ("0 9 1 13 *", 'has "13" in field 4 (month)', "write 1 to 12 or JAN to DEC"),
    ("0 9 1 ? *", 'has "?" in field 4 (month)', "write *"),
    ("0 9 * FOO *", 'has "FOO" in field 4 (month)', "JAN to DEC, the names in English"),
    ("0 9 * JU *", 'has "JU" in field 4 (month)', "the names in English"),
    ("0 9 * * 8", 'has "8" in field 5 (day of the week)', "0 or 7 for Sunday"),
    ("0 9 * * MO-FR", 'has "MO-FR" in field 5', "write MON-FRI"),
    ("0 9 * * LUN-VEN", 'has "LUN-VEN" in field 5', "the names in English"),
    ("0 9 * * MI", 'has "MI" in field 5', "the names in English"),
    ("0 9 * * JAN", 'has "JAN" in field 5', "SUN to SAT"),
    ("0 9 * * MON-", 'has "MON-" in field 5', "SUN to SAT"),
    ("0 9 * * 15W", 'has "15W" in field 5', "MON-FRI for workdays"),
    ("0 9 * * L", 'has "L" in field 5', "SAT, or 5L for the last Friday"),
    ("0 9 * * L5", 'has "L5" in field 5', "before the L"),
    ("0 9 * * MON-FRIL", 'has "MON-FRIL" in field 5', "L can follow one day"),
    ("0 9 * * MON#6", 'has "MON#6" in field 5', "1 to 5 after a day"),
    ("0 9 * * MON#L", 'has "MON#L" in field 5', "5L or FRIL"),
    ("0 9 * * #", 'has "#" in field 5', "1 to 5 after a day"),
    ("0 9 2#1 * *", 'has "2#1" in field 3', "# belongs to the day of the week"),
    ("0 9 * * FRI#1,3", 'has "3" after a # in field 5', "write FRI#3, or WED"),
    ("? 9 * * *", 'has "?" in field 1 (minute)', "write *"),
    ("H 9 * * *", 'has "H" in field 1', "Jenkins"),
    ("H(0-29)/10 9 * * *", 'has "H(0-29)/10" in field 1', "Jenkins"),
    ("0~59 9 * * *", 'has "0~59" in field 1', "give jitter"),
    ("0 9,,10 * * *", 'has "" in field 2', "a comma is one too many"),
    ("*/0 * * * *", 'has "*/0" in field 1', "a step of at least 1"),
    ("/5 * * * *", 'has "/5" in field 1', "as in */5"),
    ("*/x * * * *", 'has "*/X" in field 1', "a whole number after the slash"),
    ("1-2-3 * * * *", 'has "1-2-3" in field 1', "write 0 to 59"),
    ("*-5 * * * *", 'has "*-5" in field 1', "write 0 to 59"),
    ("-1 * * * *", 'has "-1" in field 1', "write 0 to 59"),
    ("0 9 1 1 99999999999999999999999", 'has "99999999999999999999…" in field 5', "write 0 to 7"),
]


@pytest.mark.parametrize(("written", "plain"), ALIKE, ids=[row[0] for row in ALIKE])
def test_what_has_one_meaning_is_understood(written: str, plain: str) -> None:
    """It matches the same times for two years."""
    span = (19_723 * 86_400, (19_723 + 731) * 86_400, 20_000)
    found, expected = read_cron(written, "cron"), read_cron(plain, "cron")
    assert list(found.pattern.matches(*span)) == list(expected.pattern.matches(*span))


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\u2028"])
def test_a_line_break_is_refused_wherever_it_stands(mark: str) -> None:
    for text in (f"{mark}0 9 * * *", f"0 9 *{mark}* *", f"0 9 * * *{mark}"):
        with pytest.raises(InvalidInput) as caught:
            read_cron(text, "cron")
        assert caught.value.fields["cron"][0].startswith("must be one line")


@pytest.mark.parametrize(("written", "named", "way"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused_is_named_with_its_place_and_the_way_out(
    written: str, named: str, way: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_cron(written, "cron")
    (sentence,) = caught.value.fields["cron"]
    assert named in sentence
    assert way in sentence
    assert len(sentence) < 250
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "text", ["*/90 * * * *", "0\n9 * * *\t*\n", "0 9 * * FRI#1,3", "0 0 12 ? * 2-6"]
)
def test_what_an_earlier_version_accepted_goes_on(text: str) -> None:
    """A misreading is refused when it is new; what runs already is not stopped."""
    read_cron(text, "cron", is_new=False)
    with pytest.raises(InvalidInput):
        read_cron(text, "cron")


def test_an_event_that_has_such_a_schedule_can_be_written_again() -> None:
    """It is judged anew when it is resumed or previewed, and stays what it is."""
    kept = Schedule({"cron": "*/90 * * * *"}, ()).new()
    assert kept.compiled(1_900_000_000_000, None, {}).next_after(1_900_000_000_000)
    with pytest.raises(InvalidInput):
        Schedule(kept.given).new().compiled(1_900_000_000_000, None, {})


NAMES = [(4, name) for name in CRON_FIELDS[4].names] + [(5, name) for name in CRON_FIELDS[5].names]


@given(ends=st.tuples(*[st.sampled_from([name for index, name in NAMES if index == 5])] * 2))
def test_any_range_of_days_is_what_it_says(ends: tuple[str, str]) -> None:
    """From the first day on, day by day, to the last."""
    first, last = (CRON_FIELDS[5].names[name] % 7 for name in ends)
    days = [first]
    while days[-1] != last:
        days.append((days[-1] + 1) % 7)
    listed = read_cron(f"0 9 * * {','.join(map(str, days))}", "cron")
    ranged = read_cron(f"0 9 * * {'-'.join(ends)}", "cron")
    # 1970-01-05 was a Monday: a week tells all.
    week = (4 * 86_400, 11 * 86_400, 100)
    assert list(ranged.pattern.matches(*week)) == list(listed.pattern.matches(*week))


@given(
    text=st.text(st.sampled_from("0123459*/,-#?LWHFRIMONSUN~ \t\n()@=TZ\u0663\u2013"), max_size=60)
)
def test_whatever_is_written_is_understood_or_refused_with_a_sentence(text: str) -> None:
    fields: list[str] = []
    try:
        read_cron(text, "cron")
    except InvalidInput as error:
        fields = list(error.fields)
    assert fields in ([], ["cron"])


@pytest.mark.parametrize(
    "text",
    [
        *("cron(" * 800, "cron(" * 700 + "0 0 * * *" + ")" * 140),
        *("-" * 4_000, "L-" * 2_000, "0 9 * * " + "#" * 4_000, "* " * 2_000, "A" * 4_096),
        *("0 9 * * 1" + " " * 4_000 + ",2", "_" * 4_000 + " 1 2 3 4 5", "1,-" * 1_300 + " * * * *"),
        *("0 9 * * " + "MON#" * 1_000, "H(" * 2_000 + " * * * *", "rate(" + "9" * 4_000 + " days)"),
    ],
    ids=range(13),
)
def test_a_long_text_is_refused_soon(text: str) -> None:
    """No form takes longer than a plain list of that length."""

    def refuse() -> None:
        with pytest.raises(InvalidInput):
            read_cron(text + " x", "cron")

    assert processor_s(refuse) < 0.1
