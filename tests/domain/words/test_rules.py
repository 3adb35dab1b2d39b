"""What can be meant in two ways, or is not said, is asked back in one sentence."""

from __future__ import annotations

import pytest

from app.domain.words import understand
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import ms

NOW = ms("2026-11-26T10:12:30Z")

ASKED = [
    # Left out.
    ("every other friday", 'says "every other friday"; say at what time, as in at 9:00'),
    ("every day", "say at what time"),
    ("every week at 9", "say on which day, as in on Friday"),
    ("every month at 9", "say on which day, as in on the 15th"),
    ("every year at 9", "say on which day, as in on 25 December"),
    ("every quarter at 9", "on the first day of every quarter"),
    ("every January at 9", "say on which day"),
    ("at 9", "say how often"),
    ("5 times", "say how often"),
    ("Europe/Berlin", "say how often"),
    ("every day between 9 and 17", "say how often between these times"),
    ("every day at 9 at minute 15", "before"),
    ("every day at minute 15", "say of which hours these are the minutes"),
    ("tomorrow", "say at what time"),
    ("in 2 days", 'as in "in 2 days at 9:00"'),
    ("twice a day", "say at which times"),
    ("3 times a week", "say at which times or on which days"),
    # Once, or again and again?
    ("on friday at 9", "say every if it repeats, or write the date with its year"),
    ("friday 9:00", "say every if it repeats"),
    ("on the 15th and 30th", 'says "on the 15th and 30th"; say every if it repeats'),
    ("on 25 December at 9", "say every if it repeats"),
    ("next friday at 9", 'has "next friday" at position 1; write the date, or every Friday'),
    ("this week", "write the date"),
    ("every friday at 9 on 25 December 2026", "say starting before the date if it repeats"),
    ("tomorrow at 8, 5 times", "say starting before the date if it repeats"),
    ("tomorrow at 8 and 9", "one moment has one time of day"),
    # Which of two meanings?
    (
        "every third friday at 9",
        "every 3 weeks on Friday, or as the third Friday of every month",
    ),
    ("every first monday at 9", "or as the third Friday of every month"),
    ("every 2 fridays at 9", "write every 2 weeks on Friday"),
    ("every 15th at 9", "write every month on the 15th"),
    ("biweekly at 9", "write every 2 weeks on Friday, or every Tuesday and Friday"),
    ("bimonthly on the 1st at 9", "write every 2 months on the 1st"),
    ("every month on Monday at 9", "the first Monday of every month"),
    ("the 1st and the last Friday of every month at 9", "say whether it is a day or a weekday"),
    ("every month on the 1st and the last Friday at 9", "say whether it is a day or a weekday"),
    ("every month on the first day and the last Friday at 9", "in parts of their own"),
    ("at 9 and 5 every day", 'has "5" at position 10; write it as 17:00, or with am or pm'),
    ("every hour from 9 to 5", "write it as 17:00, or with am or pm"),
    ("at 7 and 9pm every day", 'has "7" at position 4; write it as 17:00, or with am or pm'),
    ("every hour from 17:00 to 9:00", "the end must be later on the same day"),
    ("tomorrow at midnight", "write 0:00, and the day that begins then"),
    ("every morning", "as in every day at 20:00"),
    ("every evening at 8", "as in every day at 20:00"),
    ("every day in the morning", "as in every day at 20:00"),
    ("tonight", "as in every day at 20:00"),
    ("tomorrow morning", "as in every day at 20:00"),
    ("every monday at 9 from December", 'has "December" at position 24'),
    ("daily 9am-5pm", "say how often between these times"),
    ("every day at 9 - 17", 'has "-" at position 16'),
    ("half past nine every day", "write the time in digits, as in 9:30"),
    ("every day at 1700", "write a time of day"),
    ("every day at 9.30", "write a time as 9:30"),
    ("every 1.5 hours", "a period in whole numbers"),
    ("every day at 9 starting now", "leave it out"),
    ("every friday at 9 for a week", "say when it ends"),
    ("every weekday except the first Monday of the month at 9", "name its dates"),
    ("every year on 4 July and 25 December at 9, 5 times", "say until when"),
    ("every day at 9, 3 times, until 2027-01-01", "say once how it ends"),
    ("every day at 9 until 2020-01-01", "that date has passed"),
    ("every first day at 9", "say of what"),
    ("every last day at 9", "say of what"),
    # Which times belong to which days?
    ("every day at 9 and weekends at 10", 'has "weekends" at position 20; begin each part'),
    ("every day at 9 and at 10 on weekends", "begin each part with every"),
    ("every day at 9 and 10 on weekends", "begin each part with every"),
    ("at 9 every day and at 10 on weekends", "begin each part with every"),
    ("every day at 9 and in January at 10", "begin each part with every"),
    ("every Monday at 9 and at 10 in January", "begin each part with every"),
    ("at 9 every Monday and at 10 every Friday", "begin each part with every"),
    ("the end of the month at 17:00", "write on the last day of every month"),
    ("every friday at 9 for 3 weeks", "say when it ends"),
    ("every friday the 13th at 9", "name its days in one way"),
    ("every 2 weeks on Friday at 9 and every day at 8", "say from when, as in starting"),
    ("every Monday at 9 and on Friday at 10", "or begin another part with every"),
    ("every 7 minutes on Monday", "say between which times"),
    ("every 5 hours on weekdays", "say between which times"),
    ("every 40 hours on weekdays", "a day has 24 hours"),
    ("every 10 seconds on Monday", "days and windows are for minutes and hours"),
    ("every 90s between 9 and 17", "say it in whole minutes"),
    ("every hour at 9", "how often a day has this time"),
    ("every day at 9 and 17:30, 5 times", "say until when"),
    # What is not so.
    ("on Monday 25 December 2026 at 9", "25 December 2026 is a Friday"),
    ("today at 8", "that moment has passed"),
    ("on 1 January 2020 at 9", "that moment has passed"),
    ("every 30 February at 9", "no calendar has that date"),
    ("on 31 June 2027 at 9", "no calendar has that date"),
    ("every day at 25:00", "write a time of day from 0:00 to 23:59"),
    ("every day at 13pm", "with pm an hour is 1 to 12"),
    ("every day at 0am", "with am an hour is 1 to 12"),
    ("every 0 days at 9", "a period is at least 1"),
    ("every hour at minute 75", "a minute is 0 to 59"),
    ("every day at 9, 0 times", "at least once"),
    ("every month on the 32nd at 9", "a month has no more than 31"),
    ("every month on the sixth Monday at 9", "a month has no more than 5"),
    ("every quarter on the 31st at 9", "that day may be in the next month"),
    ("every day at 9 except weekdays and weekends", "except some of the days, not all"),
    ("every day at 9 except January to December", "except some of the months, not all"),
    ("the last day of every year at 9", "say of which month"),
    # Elsewhere.
    ("every day at 9 except holidays", "give a calendar of holidays in calendars"),
    ("every day at 9 except on public holidays", "give a calendar of holidays in calendars"),
    ("asap", "as in every day at 20:00"),
]


@pytest.mark.parametrize(("text", "sentence"), ASKED, ids=[row[0] for row in ASKED])
def test_it_is_asked_back(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        understand(text, NOW, "Europe/Berlin")
    (asked,) = caught.value.fields["text"]
    assert sentence in asked
    assert len(asked) < 250
