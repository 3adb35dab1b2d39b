"""The write calls of the API, by the names that OpenAPI has for them."""

from __future__ import annotations

from enum import StrEnum


class Call(StrEnum):
    """A method and a path; ``{}`` stands for the one name in it."""

    CREATE = "POST /events"
    PUT = "PUT /events/{}"
    PATCH = "PATCH /events/{}"
    DELETE = "DELETE /events/{}"
    TRIGGER = "POST /events/{}/trigger"
    PAUSE = "POST /events/{}/pause"
    RESUME = "POST /events/{}/resume"
    BACKFILL = "POST /events/{}/backfill"
    ROTATE = "POST /events/{}/rotate-secret"
    ROTATE_MANY = "POST /events/rotate-secret"
    RETRY = "POST /occurrences/{}/retry"
    RETRY_MANY = "POST /occurrences/retry"
    CANCEL_RETRY = "POST /retries/{}/cancel"
    ACK = "POST /occurrences/{}/ack"
    NACK = "POST /occurrences/{}/nack"
    PUT_FLOW = "PUT /flows/{}"
    PAUSE_FLOW = "POST /flows/{}/pause"
    RESUME_FLOW = "POST /flows/{}/resume"
    PUT_CALENDAR = "PUT /calendars/{}"
    DELETE_CALENDAR = "DELETE /calendars/{}"
    PUT_TAG_SECRET = "PUT /signing-secrets/{}"
    DELETE_TAG_SECRET = "DELETE /signing-secrets/{}"
    MAKE_TOKEN = "POST /tokens"
    REVOKE_TOKEN = "DELETE /tokens/{}"
    REVOKE_TOKENS = "DELETE /tokens"

    @property
    def method(self) -> str:
        return self.split()[0]

    def path(self, of: str = "", query: str = "") -> str:
        path = self.split()[1].replace("{}", of)
        return f"{path}?{query}" if query else path


WRITES_NOTHING = {"POST /preview"}
"""Calls that only look as if they wrote."""

ELSEWHERE = {
    "POST /imports": "tests/e2e/test_imports.py",
    "POST /imports/{}/cancel": "tests/e2e/test_imports.py",
    "POST /events/batch": "tests/api/routes/test_event_batch.py",
    "POST /events/bulk": "tests/services/test_bulk_jobs.py",
    "POST /bulk-jobs/{}/cancel": "tests/services/test_bulk_jobs.py",
    "PUT /events/by-key/{}": "tests/api/routes/test_event_keys.py",
    "DELETE /events/by-key/{}": "tests/api/routes/test_event_keys.py",
}
"""What needs a file of a thousand entries, which no run has time for, writes in parts as imports
and bulk jobs do, or is done by the id in the end, and the test that does it."""
