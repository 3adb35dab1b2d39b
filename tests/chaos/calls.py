"""The write calls of the API, by the names that OpenAPI has for them."""

from __future__ import annotations

from enum import StrEnum


class Call(StrEnum):
    """A method and a path; ``{}`` stands for the one name in it."""

    CREATE = "POST /events"
    CREATE_MANY = "POST /events/batch"
    CHANGE_MANY = "POST /events/bulk"
    CANCEL_BULK = "POST /bulk-jobs/{}/cancel"
    PUT_KEYED = "PUT /events/by-key/{}"
    DELETE_KEYED = "DELETE /events/by-key/{}"
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
    "PUT /slos/{}": "tests/api/routes/test_slos.py",
    "DELETE /slos/{}": "tests/api/routes/test_slos.py",
    "POST /alerts": "tests/e2e/test_alerts.py",
    "PUT /alerts/{}": "tests/e2e/test_alerts.py",
    "DELETE /alerts/{}": "tests/e2e/test_alerts.py",
    "POST /alerts/{}/test": "tests/e2e/test_alerts.py",
}
"""What no run does, and the test that does it: an import needs a file of a thousand entries, which
no run has time for, and an alert or an objective changes nothing that a run would have to judge."""
