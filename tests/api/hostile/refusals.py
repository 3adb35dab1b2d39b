"""What a refusal looks like, and what is sent beside the one thing that is wrong."""

from __future__ import annotations

JSON = "application/json"
EVENT = {
    "name": "invoice run",
    "start_time": "2031-01-31T09:00:00Z",
    "webhook": "https://example.com/hook",
}
MISSING = "/events/01960000-0000-7000-8000-000000000000"


def refused(answer, status):
    """The answer is this error, in the one shape that errors have, and is safe to show.

    A batch of which nothing was created says beside it what is wrong with each of its events.
    """
    assert answer.status_code == status, answer.text
    assert answer.content_type == JSON
    assert isinstance(answer.json["error"], str)
    assert len(answer.json["error"]) > 10
    assert answer.json.keys() <= {"error", "fields", "results"}
    for word in ("Traceback", "marshmallow", "werkzeug", "line 1 of"):
        assert word not in answer.text
    return answer.json
