"""The fields of every hash and stream whose fields are fixed; the keys themselves are in ``keys``.

A row is a field: its name in Python and in the scripts; its name as stored, which never changes;
what it holds; what that means; the files that write it; the files that read it. Files are modules
of ``app.store`` and files of ``lua`` and ``lua/include``. A script writes ``EventField.STATUS`` as
Python does; the loader puts the stored name in its place.
"""

from __future__ import annotations

from enum import unique

from app.store.hash_field import HashField
from app.store.meta_field import MetaField

# Tables, laid out as such.
# fmt: off

@unique
class EventField(HashField):
    """``qh:{p}:event:<id>``."""

    DEFINITION = ("doc", "JSON", "what the user gave and no other field holds; its first piece",
        "codec pack_events",
        "codec match_names pack_events read_event stored_name")
    DEFINITION_2 = ("d2", "JSON", "its second piece, if it has more than one; see ``pieces``",
        "codec pack_events save_event",
        "codec match_names read_event stored_name")
    DEFINITION_3 = ("d3", "JSON", "its third piece", "codec pack_events save_event",
        "codec match_names read_event stored_name")
    DEFINITION_4 = ("d4", "JSON", "its fourth piece", "codec pack_events save_event",
        "codec match_names read_event stored_name")
    METADATA = ("meta", "JSON", "the user's metadata, in pieces, too; absent: empty",
        "codec pack_events save_event", "codec pack_events read_event")
    METADATA_2 = ("m2", "JSON", "its second piece",
        "codec pack_events save_event", "codec read_event")
    METADATA_3 = ("m3", "JSON", "its third piece",
        "codec pack_events save_event", "codec read_event")
    METADATA_4 = ("m4", "JSON", "its fourth piece",
        "codec pack_events save_event", "codec read_event")
    TAGS = ("tags", "lines", "its tags; absent: none",
        "codec save_event",
        """add_occurrences codec delete_event inspection occurrences read_event
        redeliver_occurrences redeliveries save_event schedule_successors leave_event
        list_moving moved_claims open_event""")
    VERSION = ("ver", "number", "rises with every change that a user can see",
        "codec end_event end_if_complete",
        """add_occurrences codec delete_event list_terms redeliver_occurrences redeliveries
        save_event term_writes moving_event whereabouts read_progress imports owners""")
    STATUS = ("st", "word", "active, paused or inactive",
        "codec end_event end_if_complete",
        """codec delete_event end_event list_by_status save_event schedule_successors sweep
        create_events list_moving moving_event read_progress""")
    UPDATED = ("up", "ms", "when it was last changed; absent: never",
        "codec end_event end_if_complete save_event", "codec")
    NEXT = ("next", "ms", "scheduled time of its scheduled occurrence",
        "lose_next save_event schedule_successors new_events follow_known",
        """codec delete_event inspection read_event save_event schedule_successors sweep
        moving_event read_progress""")
    RECURRING = ("rec", "1", "present while its series goes on",
        "codec save_event schedule_successors", "read_event save_event read_progress")
    SECRET = ("sec", "sealed", "its signing secret",
        "codec save_event", "codec encrypted_secrets read_event moved_claims")
    CALENDARS = ("cals", "lines", "the calendars that it names",
        "codec save_event", "delete_event inspection save_event create_events list_moving")
    PAUSED_UNTIL = ("pu", "ms", "when it is to be resumed",
        "codec save_event", "save_event create_events")
    REQUEST = ("req", "id", "the last request that changed it, to recognise a repeated one",
        "codec", "save_event")
    PLAN = ("tv", "id", "the request that planned it; successors are computed for a plan",
        "save_event new_events", "events read_event save_event schedule_successors")
    LAST = ("last", "ms", "scheduled time of the last claimed occurrence of its series",
        "lose_next save_event schedule_successors follow_known",
        "events repeat_claim schedule_successors")
    FOLLOWING = ("fol", "ids", "its plan, then the ids of occurrences that follow under it",
        "save_event schedule_successors", "read_event")
    FLOW = ("fl", "name", "the flow that it is in",
        "codec save_event",
        """delete_event flow_gate inspection read_event save_event waiting create_events
        schedule_successors list_moving moving_event""")
    KEY = ("key", "name", "the key that its user gave it",
        "codec", "delete_event moving_event")
    TERMS = ("tm", "terms", "by which declared metadata it is found; see ``terms``; absent: none",
        "terms save_event list_terms", "delete_event save_event list_terms term_writes moves")
    HEADERS = ("hdr", "sealed", "headers to send; their names are in the definition",
        "codec save_event", "codec encrypted_secrets read_event moved_claims")
    OVERLAP = ("ov", "word", "its overlap policy; absent: allow",
        "codec save_event", "read_event create_events save_event schedule_successors")
    RUNNING = ("run", "id", "with an overlap policy: the last of its series that was begun",
        "decide_overlap", "decide_overlap is_unopposed")
    QUEUED = ("qd", "id", "with an overlap policy: the one that waits for that to be over",
        "decide_overlap make_queued_due", "decide_overlap is_unopposed read_progress")
    MOVED = ("mv", "number", "the partition to which it has moved; then there is nothing else",
        "leave_event",
        "inspection moves save_event whereabouts leave_event read_progress")
    CAME_FROM = ("cf", "numbers", "the partitions from which it has come, the first one first",
        "open_event", "delete_event inspection open_event")


@unique
class OccurrenceField(HashField):
    """``qh:{p}:occurrence:<id>``; who has a short form has no hash, see ``short_forms``."""

    EVENT = ("e", "id", "the event that it belongs to",
        "add_unattempted schedule_occurrence give_hash write_outcome",
        """codec delete_hash flow_gate inspection leave_due make_queued_due open_status
        read_occurrence is_taken redeliver_occurrences redeliveries release_leases
        restore_occurrences schedule_successors sweep waiting read_attempt short_forms
        sole_occurrences occurrences by_index page_codec pages homecoming""")
    SCHEDULED = ("at", "ms", "its scheduled time",
        "add_unattempted schedule_occurrence give_hash write_outcome",
        """add_callback cancel_occurrence codec leave_flow make_queued_due read_occurrence
        find_unjudged redeliver_occurrences release_leases restore_occurrences waiting
        read_attempt short_forms homecoming""")
    STATUS = ("st", "word", "absent: scheduled",
        """add_unattempted decide_overlap cancel_occurrence lease_occurrence write_outcome
        redeliver_occurrences release_leases start_first_attempt give_hash""",
        """add_callback codec delete_hash flow_gate is_taken make_queued_due open_status
        read_occurrence redeliver_occurrences redeliveries release_leases waiting
        restore_occurrences schedule_successors make_way short_forms sole_occurrences pages
        page_records by_index homecoming moving_event""")
    ATTEMPTS = ("n", "number", "attempts begun",
        """decide_overlap close_attempt lease_occurrence write_outcome release_leases
        start_first_attempt give_hash""",
        """add_callback codec read_occurrence redeliver_occurrences redeliveries release_leases
        waiting read_attempt short_forms""")
    LEASE = ("l", "text", "the lease token; 'ack:<attempt>' while unacknowledged",
        """decide_overlap cancel_occurrence lease_occurrence write_outcome release_leases
        start_first_attempt give_hash""",
        "read_occurrence release_leases renew_leases waiting read_attempt short_forms")
    ACK_DEADLINE = ("ack", "ms", "until when its receiver may acknowledge",
        "cancel_occurrence close_attempt write_outcome",
        "find_waiting codec restore_occurrences")
    STARTED = ("s", "ms", "when its first attempt began",
        """decide_overlap close_attempt write_outcome release_leases start_first_attempt
        give_hash""",
        "codec short_forms")
    COMPLETED = ("c", "ms", "when it ended",
        """add_unattempted decide_overlap cancel_occurrence write_outcome redeliver_occurrences""",
        """codec flow_gate inspection page_records pages redeliveries schedule_successors
        short_forms homecoming""")
    CHANGED = ("ch", "ms", "when it last changed; absent: when it ended, or its event was made",
        """add_unattempted cancel_occurrence lease_occurrence write_outcome redeliver_occurrences
        release_leases schedule_occurrence start_first_attempt give_hash""",
        "codec short_forms")
    NEXT_ATTEMPT = ("na", "ms", "when to attempt it next, if not at its scheduled time",
        """decide_overlap cancel_occurrence lease_occurrence leave_flow make_queued_due
        write_outcome redeliver_occurrences release_leases schedule_occurrence""",
        "codec read_occurrence restore_occurrences")
    PLANNED = ("p", "ms", "when it was first to be attempted, if not at its scheduled time",
        "schedule_occurrence", "codec read_occurrence waiting read_attempt")
    DEATHS = ("k", "number", "workers that died during an attempt",
        "redeliver_occurrences release_leases", "read_occurrence redeliveries read_attempt")
    STATUS_CODE = ("code", "number", "the last answer's HTTP status code; absent or empty: none",
        "write_outcome",
        "add_callback codec waiting read_attempt short_forms")
    RESPONSE_BODY = ("body", "bytes", "the beginning of the last answer's body",
        "write_outcome", "codec waiting read_attempt short_forms")
    ERROR = ("err", "text", "why its last attempt failed, or why it was not attempted",
        "add_unattempted decide_overlap cancel_occurrence write_outcome",
        "add_callback codec read_attempt")
    TAGS = ("tags", "lines", "the tags that it was claimed with or has of its own",
        """add_callback add_occurrences add_unattempted enter_flow start_first_attempt
        take_event_tags give_hash write_outcome retag_occurrence""",
        """add_callback codec delete_hash inspection read_occurrence redeliver_occurrences
        redeliveries make_way pages short_forms by_index cancel_occurrence retag_occurrence
        unschedule_occurrence read_attempt homecoming leave_event open_event""")
    SERIES = ("sr", "1", "present if the schedule made it",
        "enter_flow start_first_attempt give_hash write_outcome",
        """apply_overlap_policy enter_flow find_waiting short_forms redeliver_occurrences
        read_attempt""")
    FLOW = ("w", "name", "the flow that it waits for",
        "cancel_occurrence lease_occurrence leave_flow wait_for_flow",
        """flow_gate inspection leave_due leave_flow read_occurrence restore_occurrences
        moving_event""")
    DEFERRALS = ("d", "text", "'<attempt>:<how often that attempt was deferred>'",
        "release_leases", "codec read_occurrence release_leases read_attempt")
    DEFERRAL_REASON = ("dr", "text", "why it was last deferred",
        "release_leases", "codec")
    LOG = ("log", "lines", "a line for each attempt; see ``attempts``",
        "pack_logs past write_outcome",
        "inspection occurrences pack_logs redeliveries waiting read_attempt short_forms")
    REDELIVERY = ("again", "text", "'<attempts before>:<since, ms>:<request>'",
        "redeliver_occurrences",
        "read_occurrence redeliver_occurrences redeliveries release_leases waiting read_attempt")
    CALLBACK = ("cb", "text", "the end that it reports: see ``claims.callback_from_field``",
        "add_callback", "codec read_occurrence waiting read_attempt homecoming page_codec")
    ORIGIN = ("by", "text", "the request that added or redelivered it; see ``domain.origin``",
        "add_occurrences redeliver_occurrences", "read_occurrence")


@unique
class FlowField(HashField):
    """``qh:{flows}:flow:<flow>``."""

    RATE_COUNT = ("n", "number", "the rate: how many attempts in a period",
        "flows", "admit_occurrences flows")
    RATE_PERIOD = ("per", "ms", "the rate: how long the period is",
        "flows", "admit_occurrences flows")
    BURST = ("burst", "number", "how many attempts may start at once; absent: 1",
        "flows", "admit_occurrences flows")
    CONCURRENCY = ("conc", "number", "how many attempts may be under way; absent: any",
        "flows", "admit_occurrences flows")
    STRICT = ("strict", "1", "present: one after the other, in order",
        "flows", "admit_occurrences flows")
    PAUSED = ("paused", "1", "present: nothing is sent",
        "flows", "admit_occurrences flows")
    SET_BY = ("by", "word", "'user' once a user has set limits; events then set none",
        "set_flow", "flows set_flow")
    ARRIVAL = ("tat", "ms", "the theoretical arrival time of the next attempt at this rate",
        "admit_occurrences", "admit_occurrences")
    IN_ORDER = ("hold", "id", "the occurrence whose end a strict flow waits for: it has the turn",
        "admit_occurrences end_flow_attempts", "admit_occurrences end_flow_attempts")
    TURN = ("turn", "number", "how many turns a strict flow has given; absent: none yet",
        "admit_occurrences", "admit_occurrences end_flow_attempts")


@unique
class JobField(HashField):
    """``qh:<jobs>:job:<id>``, of every kind of jobs."""

    JOB = ("job", "JSON", "the job",
        "save_job", "jobs")
    STAMP = ("stamp", "text", "changes with every write",
        "save_job", "jobs save_job")


@unique
class AuditEntryField(HashField):
    """An entry of the stream ``qh:{audit}``."""

    PACKED = ("z", "bytes", "the entry with its hashes; see ``audit_entries``",
        "add_entries", "audit_entries")


@unique
class AuditHeadField(HashField):
    """``qh:{audit}:head``."""

    SEQUENCE = ("seq", "number", "the newest entry's number",
        "add_entries", "audit_moved")
    HASH = ("hash", "hex", "the newest entry's hash", "add_entries", "audit_moved")
    AT = ("at", "ms", "the newest entry's time", "add_entries", "add_entries")
    BYTES = ("bytes", "number", "bytes of all segments",
        "cut_audit pack_audit", "audit_archive")


@unique
class RateField(HashField):
    """``qh:rates:<lane>``; beside this, an entry for each event, see ``rates``."""

    TOTAL = ("all", "number", "occurrences a day of all events that are counted",
        "count_rate", "count_rate rates")


@unique
class ToldField(HashField):
    """``qh:{live}:told``."""

    TAGS = ("tags", "lines", "the tags of what happened", "tell_listeners", "live")
    KIND = ("kind", "word", "event: an occurrence is delivered; change: something has changed",
        "tell_listeners", "live")
    MESSAGE = ("msg", "JSON", "what listeners are told of it", "tell_listeners", "live")


TABLES: tuple[type[HashField], ...] = (
    EventField, OccurrenceField, FlowField, JobField, AuditEntryField, AuditHeadField, RateField,
    MetaField, ToldField,
)
# fmt: on
