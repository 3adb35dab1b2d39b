"""One webhook as an RQ job. It keeps its libcurl handle, and so the connection, between jobs."""

from __future__ import annotations

import time
from functools import lru_cache

import pycurl

from benchmarks import posting

moments: list[float] = []
"""The first job's start, then every job's end, on the monotonic clock of the worker."""


@lru_cache(maxsize=1)
def _handle(url: str) -> pycurl.Curl:
    return posting.handle({"url": url})


def post(url: str, headers: list[str], body: str) -> int:
    """Post one webhook; its status."""
    if not moments:
        moments.append(time.perf_counter())
    curl = _handle(url)
    curl.setopt(pycurl.HTTPHEADER, headers)
    curl.setopt(pycurl.POSTFIELDS, body)
    curl.perform()
    moments.append(time.perf_counter())
    return int(curl.getinfo(pycurl.RESPONSE_CODE))
