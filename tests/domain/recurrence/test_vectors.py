"""The examples of RFC 5545 3.8.5.3 and published vectors for changes of the clock."""

import re
from datetime import datetime

import pytest

from app.domain.recurrence import compile_schedule, resolve_local
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import iso, ms, vectors

RFC = vectors("rfc5545_vectors.json")
DST = vectors("dst_vectors.json")
CASES = [
    pytest.param(case, rule, id=f"{case['id']}-{number}")
    for case in RFC["vectors"]
    for number, rule in enumerate(case["rrules_equivalent"])
]


@pytest.mark.parametrize(("case", "rule"), CASES)
def test_examples_of_the_rfc(case, rule):
    """Every example gives exactly the listed times, and ends where it ends."""
    start = resolve_local(datetime.fromisoformat(case["dtstart"]), case["tzid"])
    schedule = {"rrule": rule}
    if "exdate" in case:
        schedule["exclude"] = case["exdate"]
    expected = [ms(text) for text in case.get("strict_expected", case["expected"])]
    recurrence = compile_schedule(schedule, start, case["tzid"])
    more = 1 if case["finite"] else 0
    assert iso(recurrence.upcoming(start - 1, len(expected) + more)) == iso(expected)


@pytest.mark.parametrize("case", RFC["must_be_rejected"], ids=lambda case: case["rule"])
def test_rules_that_the_rfc_forbids_are_refused(case):
    """Each MUST NOT is refused with a sentence that names the part."""
    with pytest.raises(InvalidInput) as caught:
        compile_schedule({"rrule": case["rule"]}, 0, None)
    (sentence,) = caught.value.fields["schedule.rrule"]
    named = set(re.findall("[A-Z]+", sentence))
    assert named & {"FREQ", *re.findall("[A-Z]+(?==)", case["rule"])}


def test_the_corrected_example_of_every_three_hours():
    """With the end that the RFC means, 17:00 in New York, 15:00 is listed too."""
    case = next(case for case in RFC["vectors"] if case["id"] == "hourly-3-until")
    start = ms(case["first"])
    schedule = {"rrule": "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z"}
    recurrence = compile_schedule(schedule, start, case["tzid"])
    assert recurrence.upcoming(start - 1, 9) == [ms(text) for text in case["expected"]]


@pytest.mark.parametrize("case", RFC["literal_datetime_vectors"], ids=lambda case: case["local"])
def test_a_literal_wall_time_is_read_as_3_3_5_says(case):
    """A gap is read with the offset before it; of a repeated time the first copy is meant."""
    local = datetime.fromisoformat(case["local"])
    assert resolve_local(local, case["tzid"]) == ms(case["instant"])


@pytest.mark.parametrize(
    "case",
    DST["debian_cron_cronsim"]["vectors"],
    ids=lambda case: f"{case['cron']} {case['after_local']}",
)
def test_cron_follows_debian_through_changes_of_the_clock(case):
    """Fixed times run once, right after a gap; wildcards follow the time that passes."""
    after = resolve_local(datetime.fromisoformat(case["after_local"]), case["tz"])
    recurrence = compile_schedule({"cron": case["cron"]}, after, case["tz"])
    found = recurrence.upcoming(after, len(case["next"]))
    assert iso(found, case["tz"]) == case["next"]


@pytest.mark.parametrize(
    ("case", "gap", "expected"),
    [
        (DST["rfc5545"]["vectors"][0], "skip", "if_ignored"),
        (DST["rfc5545"]["vectors"][0], "shift", "if_3_3_5"),
        (DST["rfc5545"]["vectors"][1], "next", "expected"),
    ],
)
def test_both_readings_of_the_rfc_can_be_chosen(case, gap, expected):
    """A time in a gap is ignored and not counted, or shifted; a repeated one is the first."""
    start = resolve_local(datetime.fromisoformat(case["dtstart"]), case["tz"])
    recurrence = compile_schedule({"rrule": case["rrule"]}, start, case["tz"], dst={"gap": gap})
    assert iso(recurrence.upcoming(start - 1, 9), case["tz"]) == case[expected]
