"""``ETag``, ``If-Match``, ``If-None-Match``: nobody overwrites what they have not seen."""

from __future__ import annotations

from dataclasses import replace

import pytest


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

    def test_a_copy_is_stale_once_the_next_occurrence_moved_on(self, client, services, created):
        """The version stays, the answer does not."""
        path = f"/events/{created['id']}"
        tag = client.get(path).headers["ETag"]
        event = services.events.stored[created["id"]]
        services.events.stored[created["id"]] = replace(event, next_ms=event.next_ms + 1)
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 200
        assert client.put(path, json={"name": "x"}, headers={"If-Match": tag}).status_code == 200


class TestIfMatch:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_another_version_is_412(self, client, services, created, method):
        path = f"/events/{created['id']}"
        body = None if method == "DELETE" else {"name": "x"}
        for header in ('"2"', '"0"', 'W/"2"', '"foreign"', '"2", "3"', '"-1"', '""'):
            answer = client.open(path, method=method, json=body, headers={"If-Match": header})
            assert answer.status_code == 412, header
            assert "error" in answer.json
        assert services.events.writes == 1

    @pytest.mark.parametrize("header", ["*", '"1"', 'W/"1"', '"7", "1"', '"1-18c9a1b2c00"'])
    def test_this_version_is_written(self, client, created, header):
        answer = client.put(
            f"/events/{created['id']}", json={"name": "x"}, headers={"If-Match": header}
        )
        assert answer.status_code == 200
        assert answer.headers["ETag"].startswith('"2')

    def test_the_tag_of_an_answer_fits(self, client, valid):
        """From creating to updating to deleting, each with the tag of the one before."""
        answer = client.post("/events", json=valid)
        path = answer.headers["Location"]
        for name in ("first", "second"):
            headers = {"If-Match": answer.headers["ETag"]}
            answer = client.put(path, json={"name": name}, headers=headers)
            assert answer.status_code == 200
        headers = {"If-Match": answer.headers["ETag"]}
        assert client.delete(path, headers=headers).status_code == 204

    @pytest.mark.parametrize("header", ["", "3", '"3', "'3'", '"3" "4"', "x" * 2000, '"3",'])
    def test_a_malformed_header_is_400(self, client, services, created, header):
        answer = client.put(
            f"/events/{created['id']}", json={"name": "x"}, headers={"If-Match": header}
        )
        assert answer.status_code == 400
        assert "If-Match" in answer.json["error"]
        assert services.events.writes == 1
