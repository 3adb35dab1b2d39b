"""The floor that others are compared with: libcurl's multi interface from Python, posting only.

Run as ``python -m benchmarks.posting`` with a JSON document on standard input: ``url``,
``headers``, ``body``, ``count``, ``in_flight``; ``expect`` (a status, 200); ``fresh`` (every
request has a handle of its own, as in libcurl's examples, instead of one that is used again). It
prints seconds from the first request's start to the last answer. With ``rate`` (a second) and
``start_ms`` requests are made at their times, each with a ``webhook-id`` that carries its time,
as Qhronos's do.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pycurl


def handle(spec: dict[str, Any]) -> pycurl.Curl:
    """A libcurl handle that is used for one request after another."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.URL, spec["url"])
    curl.setopt(pycurl.WRITEFUNCTION, len)
    return curl


def post(spec: dict[str, Any]) -> dict[str, Any]:
    """Post ``count`` times with at most ``in_flight`` at once."""
    count, body, expected = spec["count"], spec["body"], spec.get("expect", 200)
    rate, start_ms = spec.get("rate"), spec.get("start_ms")
    multi = pycurl.CurlMulti()
    idle = [handle(spec) for _ in range(spec["in_flight"])]
    started = ended = wrong = 0
    began = time.perf_counter()
    while ended < count:
        wait_s, headers = 1.0, spec["headers"]
        while idle and started < count:
            if rate:
                due_ms = start_ms + started * 1000 // rate
                wait_s = due_ms / 1000 - time.time()
                if wait_s > 0:
                    break
                headers = [*spec["headers"], f"webhook-id: {due_ms:012x}"]
            curl = idle.pop()
            curl.setopt(pycurl.HTTPHEADER, headers)
            curl.setopt(pycurl.POSTFIELDS, body)
            multi.add_handle(curl)
            started += 1
        multi.perform()
        _, succeeded, failed = multi.info_read()
        for curl in succeeded:
            multi.remove_handle(curl)
            wrong += curl.getinfo(pycurl.RESPONSE_CODE) != expected
            idle.append(handle(spec) if spec.get("fresh") else curl)
        if failed:
            raise SystemExit(f"a request failed: {failed[0][2]}")
        ended += len(succeeded)
        if not succeeded and ended < count:
            if started == ended:
                time.sleep(max(wait_s, 0))
            else:
                multi.select(max(min(wait_s, 1.0), 0))
    return {"seconds": time.perf_counter() - began, "count": count, "wrong": wrong}


if __name__ == "__main__":
    json.dump(post(json.load(sys.stdin)), sys.stdout)
