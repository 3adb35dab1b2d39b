"""``ETag``, ``If-Match``, ``If-None-Match``: nobody overwrites what they have not seen."""

from __future__ import annotations

import pytest

from app.domain.outcome import Outcome, Timings


class TestIfNoneMatch:
    def test_a_copy_that_is_still_true_is_not_sent_again(self, client, created):
        """304 for the tag, in a list, weakened by a proxy, or for any."""
        path = f"/events/{created['id']}"
        tag = client.get(path).headers["ETag"]
        for header in (tag, f'"0", {tag}', f"W/{tag}", "*"):
            answer = client.get(path, headers={"If-None-Match": header})
            assert answer.status_code == 304
            assert answer.data == b""
            assert "Content-Type" not in answer.headers
            assert answer.headers["ETag"] == tag
        for header in ('"0"', "nonsense", ""):
            assert client.get(path, headers={"If-None-Match": header}).status_code == 200

    def test_a_copy_is_stale_once_the_next_occurrence_moved_on(
        self, client, clock, an_event, attempt
    ):
        """The version stays, the answer does not."""
        body = {**an_event, "schedule": {"frequency": "daily"}}
        path = client.post("/events", json=body).headers["Location"]
        tag = client.get(path).headers["ETag"]
        clock.advance(2 * 86_400_000)
        attempt(Outcome(Timings(0, 0, 0), 200))
        answer = client.get(path, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.json["next_occurrence_at"][:10]) == (200, "2026-01-03")
        assert client.put(path, json={"name": "x"}, headers={"If-Match": tag}).status_code == 200


class TestIfMatch:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_another_version_is_412(self, client, created, method):
        path = f"/events/{created['id']}"
        body = None if method == "DELETE" else {"name": "x"}
        its = created["id"].replace("-", "")
        another = f"{its[:-1]}{int(its[-1], 16) ^ 1:x}"
        wrong = [f'"{its}-2"', f'"{its}-0"', f'W/"{its}-2"', f'"{its}"', f'"{its}-"', f'"{its}--1"']
        wrong += [f'"{another}-1"', '"1"', '"1-18c9a1b2c00"', '"foreign"', '"2", "3"', '"-1"', '""']
        for header in wrong:
            answer = client.open(path, method=method, json=body, headers={"If-Match": header})
            assert answer.status_code == 412, header
            assert "error" in answer.json
        assert client.get(path).json == created

    @pytest.mark.parametrize(
        "header", ["*", '"{}-1"', 'W/"{}-1"', '"7", "{}-1"', '"{}-1-18c9a1b2c00"']
    )
    def test_this_version_is_written(self, client, created, header):
        its = created["id"].replace("-", "")
        header = header.format(its)
        answer = client.put(
            f"/events/{created['id']}", json={"name": "x"}, headers={"If-Match": header}
        )
        assert answer.status_code == 200
        assert answer.headers["ETag"].startswith(f'"{its}-2')

    def test_the_tag_of_an_answer_fits(self, client, an_event):
        """From creating to updating to deleting, each with the tag of the one before."""
        answer = client.post("/events", json=an_event)
        path = answer.headers["Location"]
        for name in ("first", "second"):
            headers = {"If-Match": answer.headers["ETag"]}
            answer = client.put(path, json={"name": name}, headers=headers)
            assert answer.status_code == 200
        headers = {"If-Match": answer.headers["ETag"]}
        assert client.delete(path, headers=headers).status_code == 204

    @pytest.mark.parametrize("header", ["", "3", '"3', "'3'", '"3" "4"', "x" * 2000, '"3",'])
    def test_a_malformed_header_is_400(self, client, created, header):
        path = f"/events/{created['id']}"
        answer = client.put(path, json={"name": "x"}, headers={"If-Match": header})
        assert answer.status_code == 400
        assert "If-Match" in answer.json["error"]
        assert client.get(path).json == created


ACTS = [
    ("POST", "/trigger", None),
    ("POST", "/rotate-secret", {"secret": "the next one"}),
    ("POST", "/backfill", {"from": "2025-12-30T00:00:00Z", "to": "2025-12-31T00:00:00Z"}),
    (
        "POST",
        "/backfill?dry_run=true",
        {"from": "2025-12-30T00:00:00Z", "to": "2025-12-31T00:00:00Z"},
    ),
    ("PUT", "?dry_run=true", {"schedule": {"every": "2h"}}),
    ("PATCH", "?dry_run=true", {"name": "x"}),
    ("POST", "/pause", None),
]


@pytest.mark.parametrize(("method", "after", "body"), ACTS)
def test_an_act_is_for_the_version_that_was_seen(client, an_event, method, after, body):
    """With another one nothing has happened, and the audit log has nothing of it."""
    event = {**an_event, "start_time": "2025-12-30T00:00:00Z", "schedule": {"every": "1h"}}
    made = client.post("/events", json=event)
    path = f"/events/{made.json['id']}"
    before = (client.get(path).text, client.get(f"{path}/occurrences").text)
    for header in ('"2"', '"foreign"', '"2", "3"'):
        answer = client.open(path + after, method=method, json=body, headers={"If-Match": header})
        assert (answer.status_code, "error" in answer.json) == (412, True), header
    assert (client.get(path).text, client.get(f"{path}/occurrences").text) == before
    (entry,) = client.get(f"/audit?object={made.json['id']}").json
    assert entry["action"] == "event.create"
    tag = made.headers["ETag"]
    good = client.open(path + after, method=method, json=body, headers={"If-Match": tag})
    assert good.status_code in (200, 202)
