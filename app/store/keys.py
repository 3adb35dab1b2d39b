"""The data model: every key, its type, its members and their scores.

All keys of partition ``p`` share the hash tag ``{p}``, so that every script touches one slot.
What no partition has is under tags of its own. On a cluster that is another layout in a few
places: what would make a hot slot there is spread (``flow_keys``, ``token_keys``), and what is
written in one step with a partition is beside it (``import_keys``). Why, and why the rest is not,
is in docs/decisions/cluster.md. Other tables: ``page_keys``, ``job_keys``, ``import_keys``,
``live_keys``, ``stats_keys``, ``alert_keys``, ``watch_keys``.

Ids are 16 raw bytes, times are milliseconds since 1970 (UTC), ``<tag>`` is UTF-8.

A key grows with what there is, not with what has happened: records go by retention, and a key for
which a time is given ends by itself. ``tests/api/test_growth.py`` proves it.

    key                               type    member → score, or fields
    qh:{p}:event:<id>                 hash    see ``fields``
    qh:{p}:events:<status>            zset    event → created; each is in exactly one
    qh:{p}:tag:<tag>:events           zset    event → created
    qh:{p}:names, qh:{p}:names:<entry>  zset  entry → 0; events by name, see ``names``
    qh:{p}:terms, qh:{p}:terms:<entry>  zset  entry → 0; events by host and metadata, see ``terms``
    qh:{p}:calendar:<name>:events     zset    event → created; those that name the calendar
    qh:{p}:inactive                   zset    event → since; what retention of events reads
    qh:{p}:paused                     zset    event → when to resume it
    qh:{p}:unscheduled                zset    event → since; active and recurring, its occurrence
                                              claimed, its successor not yet added
    qh:{p}:occurrence:<id>            hash    see ``fields``
    qh:{p}:fresh                      hash    occurrence → its short form, which most of them have
                                              (``short_forms``) until pages (``page_keys``)
    qh:{p}:occurrences:<status>       zset    occurrence → scheduled; each is in exactly one
    qh:{p}:event:<id>:occurrences     zset    occurrence → scheduled; those claimed or ended (the
                                              scheduled one is ``next``), callbacks left out; that
                                              of a one-time event: see ``sole_occurrences``
    qh:{p}:event:<id>:names           zset    what it was called → until; ``former_names`` (8 days)
    qh:{p}:tag:<tag>:occurrences      zset    occurrence → scheduled; by tags at plan or delivery
    qh:{p}:due:<lane>                 zset    occurrence → when to attempt it next; those of the
                                              events of one lane (its number in decimal)
    qh:{p}:lane-heads                 zset    lane → when its first is due; lanes that have one
    qh:{p}:leases                     zset    occurrence → the lease's deadline
    qh:{p}:unacknowledged             zset    occurrence → until when its receiver may acknowledge
    qh:{p}:ended                      zset    occurrence → ended; what retention reads
    qh:{p}:endings                    zset    occurrences → ended; the same for those that ended in
                                              short form: a member has all that one call recorded
    qh:{p}:claim:<worker>             string  the worker's last claim, if it asks again (10 minutes)
    qh:{p}:expected                   hash    event → all there is of one that is about to come from
                                              another partition; see ``moves``
    qh:{p}:mover                      string  who may move events out of it (an hour)
    qh:{p}:left                       hash    deleted event → the partitions that lead to it
    qh:{p}:made:<key>                 string  the event that an idempotency key made, and a digest
                                              of what was sent (a day)
    qh:{p}:flow:<flow>                zset    event and occurrence → scheduled; due, in no lane
    qh:{p}:flowing                    zset    flow → when to look at it; those with waiting ones
    qh:{p}:flow-events:<flow>         zset    event → created; those that are in the flow

    qh:{lateness}                     zset    how late deliveries were by minute, see ``lateness``
    qh:{metrics}…                             what processes have counted, see ``metrics``
    qh:{breakers}                     zset    target → when it may be tried again; open breakers
    qh:{breakers}:steps               hash    target → how often in a row its breaker has opened
    qh:{faults}                       zset    fault → last seen; what hosts of workers lack
    qh:{faults}:counts                zset    fault → how many deliveries it has put off
    qh:{calendars}                    hash    name → definition (JSON); one for all partitions
    qh:{calendars}:version            string  rises with every change of a calendar
    qh:{calendars}:pending            hash    change → up to where its events are planned anew
    qh:{secrets}                      hash    tag → its signing secret, see ``tag_secrets``
    qh:owned:<sub>                    zset    event → created; where events of a sub are limited
    qh:{audit}                        stream  the newest entries; see ``fields`` and ``audit``
    qh:{audit}:segments               zset    segment → number of its first entry; older entries
    qh:{audit}:intents                hash    request → since when (ms) and what it is to change; on
                                              a cluster also ``qh:{audit:<number>}:intents``
    qh:{audit}:settled:<request>      string  present: one of those has its entry (an hour)
    qh:{audit}:head                   hash    see ``fields``
    qh:{audit}:done:<request>         string  present: the request was served (a minute)
    qh:meta                           hash    see ``fields``
    qh:fence                          string  written after what has to be safe; ``durability``; on
                                              a cluster ``qh:fence:{<number>}``, one on each node
    qh:drains                         zset    drain → alive until
    qh:{limits}:…                     string  how often a caller has asked (TTL; Flask-Limiter's)
    qh:{processes}                    zset    process → alive until
    qh:{processes}:facts              hash    process → what it says of itself (JSON)
    qh:sweep (cluster: qh:{p}:sweep)  hash    partition:what → where reconciliation continues
    qh:wake                           channel a due time nearer than all others of a partition
    qh:wake:jobs                      channel when to look after a job that is begun or goes on
"""

from __future__ import annotations

from app.domain import ids

META = b"qh:meta"
DRAINS = b"qh:drains"
PROCESSES = b"qh:{processes}"
PROCESS_FACTS = b"qh:{processes}:facts"
SWEEP = b"qh:sweep"
CALENDARS = b"qh:{calendars}"
CALENDARS_VERSION = b"qh:{calendars}:version"
TAG_SECRETS = b"qh:{secrets}"
CALENDARS_PENDING = b"qh:{calendars}:pending"
WAKE = b"qh:wake"
WAKE_FOR_JOBS = b"qh:wake:jobs"
AUDIT = b"qh:{audit}"
AUDIT_SEGMENTS = b"qh:{audit}:segments"
AUDIT_INTENTS = b"qh:{audit}:intents"
AUDIT_SETTLED = b"qh:{audit}:settled"
AUDIT_HEAD = b"qh:{audit}:head"
BREAKERS = b"qh:{breakers}"
LOCAL_FAULTS = b"qh:{faults}"
LOCAL_FAULT_COUNTS = b"qh:{faults}:counts"
BREAKER_STEPS = b"qh:{breakers}:steps"


def prefix(partition: int) -> bytes:
    """What every key of a partition begins with."""
    return b"qh:{%d}:" % partition


def event(partition: int, event_id: bytes) -> bytes:
    """The event's hash."""
    return prefix(partition) + b"event:" + event_id


def event_of(event_id: bytes) -> bytes:
    """The event's hash, where it is."""
    return event(ids.partition_of_event(event_id), event_id)


def events(partition: int, status: str) -> bytes:
    """The events in one status."""
    return prefix(partition) + b"events:" + status.encode()


def tag_events(partition: int, tag: str) -> bytes:
    """The events that bear a tag."""
    return prefix(partition) + b"tag:" + tag.encode() + b":events"


def calendar_events(partition: int, name: str) -> bytes:
    """The events that name a calendar."""
    return prefix(partition) + b"calendar:" + name.encode() + b":events"


def inactive(partition: int) -> bytes:
    """The events that have run or were ended."""
    return prefix(partition) + b"inactive"


def paused(partition: int) -> bytes:
    """The events that are paused until a moment."""
    return prefix(partition) + b"paused"


def unscheduled(partition: int) -> bytes:
    """The recurring events that wait for their successor to be added."""
    return prefix(partition) + b"unscheduled"


def occurrence(partition: int, occurrence_id: bytes) -> bytes:
    """The occurrence's hash."""
    return prefix(partition) + b"occurrence:" + occurrence_id


def occurrence_of(occurrence_id: bytes) -> bytes:
    """The occurrence's hash, where it is."""
    return occurrence(ids.partition_of_occurrence(occurrence_id), occurrence_id)


def fresh(partition: int) -> bytes:
    """The occurrences that have a short form in place of a hash."""
    return prefix(partition) + b"fresh"


def occurrences(partition: int, status: str) -> bytes:
    """The occurrences in one status."""
    return prefix(partition) + b"occurrences:" + status.encode()


def event_occurrences(partition: int, event_id: bytes) -> bytes:
    """The occurrences of an event that were claimed or have ended."""
    return prefix(partition) + b"event:" + event_id + b":occurrences"


def tag_occurrences(partition: int, tag: str) -> bytes:
    """The occurrences that bear a tag."""
    return prefix(partition) + b"tag:" + tag.encode() + b":occurrences"


def due(partition: int, lane: int) -> bytes:
    """The occurrences of one lane that are to be attempted, by when."""
    return prefix(partition) + b"due:%d" % lane


def due_of(event_id: bytes) -> bytes:
    """The occurrences that are to be attempted in an event's lane; its id names that."""
    return due(ids.partition_of_event(event_id), ids.lane_of_event(event_id))


def lanes(partition: int) -> bytes:
    """The lanes in which an occurrence is to be attempted, by when the first is."""
    return prefix(partition) + b"lane-heads"


def leases(partition: int) -> bytes:
    """The occurrences under a lease, by its deadline."""
    return prefix(partition) + b"leases"


def former_leases(partition: int) -> bytes:
    """Where versions before schema 7 have the occurrences under a lease."""
    return prefix(partition) + b"claimed"


def unacknowledged(partition: int) -> bytes:
    """The occurrences that their receiver has yet to acknowledge, by the deadline."""
    return prefix(partition) + b"unacknowledged"


def ended(partition: int) -> bytes:
    """The occurrences that have ended; retention deletes the oldest."""
    return prefix(partition) + b"ended"


def endings(partition: int) -> bytes:
    """The occurrences that have ended in short form, those that ended together in one member."""
    return prefix(partition) + b"endings"


def expected(partition: int) -> bytes:
    """The events that are about to come from other partitions."""
    return prefix(partition) + b"expected"


def mover(partition: int) -> bytes:
    """Who may move events out of a partition."""
    return prefix(partition) + b"mover"


def left(partition: int) -> bytes:
    """The deleted events to which other partitions lead."""
    return prefix(partition) + b"left"


def made(partition: int, name: bytes) -> bytes:
    """The event that an idempotency key made."""
    return prefix(partition) + b"made:" + name


def claim(partition: int, worker: bytes) -> bytes:
    """A worker's last claim."""
    return prefix(partition) + b"claim:" + worker


def flow_waiting(partition: int, flow: bytes) -> bytes:
    """The occurrences that wait for a flow."""
    return prefix(partition) + b"flow:" + flow


def flowing(partition: int) -> bytes:
    """The flows for which something waits."""
    return prefix(partition) + b"flowing"


def flow_events(partition: int, flow: bytes) -> bytes:
    """The events that are in a flow."""
    return prefix(partition) + b"flow-events:" + flow


def audit_done(request: str) -> bytes:
    """Present once a request has added its audit entries."""
    return AUDIT + b":done:" + request.encode()


def owned(subject: str) -> bytes:
    """The events that a subject's tokens made."""
    return b"qh:owned:" + subject.encode()
