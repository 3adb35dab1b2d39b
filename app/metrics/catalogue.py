"""Every metric family that ``GET /metrics`` shows. ``docs/metrics.md`` has the same table."""

from __future__ import annotations

from collections.abc import Callable

from app.metrics.family import INFO, Family, counter, gauge, seconds, sizes

VERDICTS = ("completed", "retrying", "dispatched", "failed", "cancelled", "missed")
PHASES = ("dns", "connect", "tls", "wait", "read")
STATUSES = (
    *("scheduled", "dispatched", "retrying", "completed"),
    *("failed", "missed", "skipped", "cancelled"),
)

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_SLOW = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LATENESS_BOUNDS = (*_SLOW, 60.0, 300.0)
_BATCHES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)

# What processes count. They add it up in the store.

ATTEMPTS = counter(
    "attempts",
    "Requests and messages that were sent, by what came of them.",
    "action",
    "result",
    "status",
)
OUTCOMES = counter(
    "outcomes",
    "Attempts that are recorded, by what their occurrence became.",
    "outcome",
    known=VERDICTS,
)
LATENESS = seconds(
    "lateness",
    "From the moment when an occurrence was due to its first attempt.",
    bounds=LATENESS_BOUNDS,
)
RECEIVER = seconds(
    "receiver",
    "What the phases of requests took.",
    "phase",
    bounds=_SLOW,
    known=PHASES,
)
OUTCOMES_BY_TAG = counter(
    "outcomes_by_tag",
    "Recorded attempts by the tags that the settings list.",
    "tag",
    "outcome",
)
LATENESS_BY_TAG = seconds(
    "lateness_by_tag",
    "How late first attempts were, by the tags that the settings list.",
    "tag",
    bounds=LATENESS_BOUNDS,
)
OUTCOMES_BY_TARGET = counter(
    "outcomes_by_target",
    "Recorded attempts by the hosts that the settings list.",
    "target",
    "outcome",
)
LATENESS_BY_TARGET = seconds(
    "lateness_by_target",
    "How late first attempts were, by the hosts that the settings list.",
    "target",
    bounds=LATENESS_BOUNDS,
)
CLAIMS = sizes("claim_batch_size", "Occurrences in one claim.", bounds=_BATCHES)
RECORDS = sizes("record_batch_size", "Outcomes that were recorded at once.", bounds=_BATCHES[1:])
STORE = seconds(
    "store_round_trip",
    "From a script's call to its answer.",
    "script",
    bounds=_FAST,
)
COMMANDS = seconds(
    "store_command",
    "From a plain command of the store, or a pipeline of them, to its answer.",
    "command",
    bounds=(0.0005, 0.0025, 0.01, 0.05, 0.25, 1.0),
)
REQUESTS = seconds(
    "api_request",
    "What requests to the API took.",
    "route",
    "method",
    "status",
    bounds=_FAST,
)

REFUSED = counter(
    "api_refused",
    "Requests and connections that the server refused before the API saw them.",
    "reason",
    "status",
)
SPANS = counter("spans", "Spans of traces, by what became of them.", "result")

LISTED = (OUTCOMES_BY_TAG, LATENESS_BY_TAG, OUTCOMES_BY_TARGET, LATENESS_BY_TARGET)
"""Those whose first label has what an operator has listed."""

COUNTED = (
    *(ATTEMPTS, OUTCOMES, LATENESS, *LISTED, RECEIVER, CLAIMS),
    *(RECORDS, STORE, COMMANDS, REQUESTS, REFUSED, SPANS),
)

# What is found when somebody asks.

BUILD = Family("build", INFO, "The version of the process that answers.")
LAG = gauge("lag_seconds", "How late the oldest due occurrence is.")
QUEUE = gauge("queue_depth", "Occurrences that are due and not yet claimed.")
LEASES = gauge("leases", "Occurrences that workers hold under a lease.")
WORKERS = gauge("workers", "Delivery workers that are alive.")
DRAINS = gauge("drains", "Drains that run.")
BREAKERS = gauge("breakers_open", "Targets whose circuit breaker is open.")
EVENTS = gauge("events", "Events in the store.")
SET_ASIDE = gauge("events_set_aside", "Events that could not be planned, ever.")
OCCURRENCES = {
    status: gauge(f"occurrences_{status}", f"Occurrences of status '{status}'.")
    for status in STATUSES
}
AUDIT = gauge("audit_bytes", "What the audit log takes of the store's memory, about.")
PUT_OFF = gauge("deliveries_put_off", "Deliveries that a worker's host could not make, ever.")
PUT_OFF_BY_FAULT = counter(
    "put_off", "Deliveries that were put off, by what a worker's host lacked.", "fault"
)
PROBLEM = gauge("problem", "1 while there is a problem with this code.", "code")
CANARIES = counter("canaries", "Canaries that were sent, and that have arrived.", "what")
CANARY_LATENESS = gauge("canary_lateness_seconds", "How late the last canary was that has arrived.")
CANARY_AGE = gauge("canary_age_seconds", "How long ago that was.")
UPTIME = gauge("uptime_seconds", "Age of the API process that answers.")

FOUND = (
    BUILD,
    LAG,
    QUEUE,
    LEASES,
    WORKERS,
    DRAINS,
    BREAKERS,
    EVENTS,
    SET_ASIDE,
    *OCCURRENCES.values(),
    AUDIT,
    PUT_OFF,
    PUT_OFF_BY_FAULT,
    PROBLEM,
    CANARIES,
    CANARY_LATENESS,
    CANARY_AGE,
    UPTIME,
)

# What each process says of itself, every few seconds.

PROCESSES = gauge("processes", "Processes that are alive.", "role")
IN_FLIGHT = gauge("requests_in_flight", "Requests to receivers that have no answer yet.", "role")
CONNECTIONS = gauge("connections", "Connections of clients of the API.", "role")
LIVE = gauge("live_connections", "Websockets and streams among them.", "role")
FILES = gauge("open_files", "Files that are open, connections among them.", "role")
FILES_USED = gauge(
    "open_files_ratio", "Of its limit of files, what the process has open that has most.", "role"
)
CLOCK_OFFSET = gauge(
    "clock_offset_seconds",
    "How far a host's clock is ahead of the store's; that which is farthest from it.",
    "role",
)
DISK_FREE = gauge(
    "data_disk_free_bytes", "Room on the disk of the data directory; the least.", "role"
)

SAID = (IN_FLIGHT, CONNECTIONS, LIVE, FILES, FILES_USED, CLOCK_OFFSET, DISK_FREE)
"""Each as a process says it; those of a role are added, but for those of ``ONE_OF_ROLE``."""


def _farthest(one: float, other: float) -> float:
    return max(one, other, key=abs)


ONE_OF_ROLE: dict[Family, Callable[[float, float], float]] = {
    FILES_USED: max,
    CLOCK_OFFSET: _farthest,
    DISK_FREE: min,
}
"""Which of two processes of a role is shown."""

FAMILIES = (*COUNTED, *FOUND, PROCESSES, *SAID)
