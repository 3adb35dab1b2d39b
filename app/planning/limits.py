"""How many steps may be spent on the schedule of one event, and by whom; see ``app.domain.budget``.

A step is about a microsecond.
"""

WRITING = 100_000
"""On what one request wants to know of one schedule: is it accepted, what will it do."""

BATCH = 100_000
BATCH_EVENT = 150
"""On all events of one batch: so many, and so many more for each event."""

IMPORTING = 200_000
IMPORTING_ENTRY = 400
"""On all entries of one file in its request: so many, and so many more for each entry, which is
what a plain one takes, its reading included. What needs more becomes a job."""

IMPORTING_JOB = 8_000_000
"""On all entries of one file, by a job. One that needs more is stopped."""

IMPORTING_STEP = 300_000
"""After so many steps an import job notes how far it has come, and others have their turn."""

CHEAP = 500
"""On the successor of any claim, by a drain: no more than delivering it costs, the first reading of
its schedule included. Nearly all schedules need less, most of them five."""

SUCCESSOR = 1_000
"""On the successor of one claim that needs more, by a drain: it sends nothing meanwhile. What needs
more still is left to upkeep, which is a process of its own."""

LATER = 100
"""On what follows a successor, by a drain, so that it need not be computed one by one. Where that
is not enough, that is done."""

SUCCESSORS = 4_000
"""On all successors that are not cheap, by one drain in ``SUCCESSORS_MS``."""

SUCCESSORS_MS = 100

REPAIR = 150_000
"""On the next occurrence of one event, by upkeep: more than any needed when it was written. An
event that needs more is set aside."""

QUICK = 10_000
"""On the next occurrence of an event of which upkeep does not know yet that it needs more."""

LANE = 250_000
LANE_A_SECOND = 50_000
"""On all costly events of one lane, by upkeep: so many at once, and in the long run. It is a
twentieth of a processor. What one tenant stores must not take all of it from the others."""

RECONCILED = 1_000_000
"""On the events of one slice that reconciliation looks at. The rest are next in its next round."""

REPAIRS = 400_000
"""On all events that one repair looks at: it takes some tenths of a second, in which no
pause ends and no calendar's events are planned. The rest are next in the next run."""

FEED = 20_000
"""On one event of a calendar feed."""

FEEDS = 100_000
"""On all events of one calendar feed; what does not fit is left out."""

FORECAST = 10_000
"""On one event of a forecast."""

FORECASTS = 100_000
"""On all events of one forecast; those that do not fit are taken to be like the rest."""
