"""How many steps may be spent on the schedule of one event, and by whom; see ``app.domain.budget``.

A step is about a microsecond.
"""

WRITING = 100_000
"""On what one request wants to know of one schedule: is it accepted, what will it do."""

IMPORTING = 200_000
"""On all events of one file."""

SUCCESSOR = 1_000
"""On the successor of one claim, by a drain: it sends nothing meanwhile. What needs more is left to
upkeep, which is a process of its own."""

SUCCESSORS = 4_000
"""On the successors of all claims that a drain makes at once."""

REPAIR = 150_000
"""On the next occurrence of one event, by upkeep: more than any needed when it was written. An
event that needs more is set aside."""

REPAIRS = 1_000_000
"""On all events that one run of upkeep looks at. The rest are next in the next run."""

FEED = 20_000
"""On one event of a calendar feed."""
