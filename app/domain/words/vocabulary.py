"""The words that are known, and what each stands for."""

from __future__ import annotations

from typing import Final

WEEKDAY_NAMES: Final = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
MONTH_NAMES: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
WEEKDAYS: Final = {
    **{name: number for number, name in enumerate(WEEKDAY_NAMES)},
    **{name[:3]: number for number, name in enumerate(WEEKDAY_NAMES)},
    **dict.fromkeys(("thur", "thurs"), 3),
    "tues": 1,
    "weds": 2,
}
"""Monday is 0."""
PLURAL_WEEKDAYS: Final = {f"{name}s": number for number, name in enumerate(WEEKDAY_NAMES)}
GROUPS: Final = {
    "weekday": ((0, 1, 2, 3, 4), False),
    "weekdays": ((0, 1, 2, 3, 4), True),
    "workday": ((0, 1, 2, 3, 4), False),
    "workdays": ((0, 1, 2, 3, 4), True),
    "weekend": ((5, 6), False),
    "weekends": ((5, 6), True),
}
"""Several days in one word, and whether the word is a plural."""
WORKING: Final = ("weekday", "workday")
"""What a position in a month counts as Monday to Friday; also "working day", "business day"."""

MONTHS: Final = {
    **{name: number for number, name in enumerate(MONTH_NAMES, 1)},
    **{name[:3]: number for number, name in enumerate(MONTH_NAMES, 1)},
    "sept": 9,
}
UNITS: Final = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "second"),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), "minute"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), "hour"),
    **dict.fromkeys(("day", "days"), "day"),
    **dict.fromkeys(("week", "weeks"), "week"),
    **dict.fromkeys(("month", "months"), "month"),
    **dict.fromkeys(("quarter", "quarters"), "quarter"),
    **dict.fromkeys(("year", "years"), "year"),
}
ADVERBS: Final = {
    "hourly": (1, "hour"),
    "daily": (1, "day"),
    "weekly": (1, "week"),
    "fortnightly": (2, "week"),
    "monthly": (1, "month"),
    "quarterly": (1, "quarter"),
    "yearly": (1, "year"),
    "annually": (1, "year"),
}
NUMBERS: Final = {
    **{
        word: number
        for number, word in enumerate(
            (
                *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
                *("ten", "eleven", "twelve"),
            ),
            1,
        )
    },
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "ninety": 90,
}
ORDINALS: Final = {
    word: number
    for number, word in enumerate(
        (
            *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"),
            *("ninth", "tenth", "eleventh", "twelfth"),
        ),
        1,
    )
}
TIMES: Final = {"noon": (12, 0, 0), "midday": (12, 0, 0), "midnight": (0, 0, 0)}
"""Midnight is the one that begins the day."""
RELATIVE_DAYS: Final = {"today": 0, "tomorrow": 1}
ZONE_ABBREVIATIONS: Final = (
    *("gmt", "bst", "cet", "cest", "eet", "eest", "est", "edt", "cst", "cdt", "mst", "mdt"),
    *("pst", "pdt", "ist", "jst", "aest", "msk"),
)
"""They mean several zones, or a zone for half of the year."""
PARTS_OF_DAY: Final = {"morning": "am", "afternoon": "pm", "evening": "pm"}

KNOWN: Final = frozenset(
    {*WEEKDAYS, *PLURAL_WEEKDAYS, *GROUPS, *MONTHS, *UNITS, *ADVERBS, *NUMBERS, *ORDINALS}
    | {*TIMES, *RELATIVE_DAYS, *PARTS_OF_DAY, "every", "each", "other", "last", "between"}
    | {"except", "until", "starting", "times", "working", "business", "through", "excluding"}
)
"""What a word that is not understood may have been meant as."""
