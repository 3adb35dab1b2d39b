"""As much of curl as the README's examples need; refuses options that it does not know.

``QHRONOS_TEST_LOG`` names a file that gets a line for each call: method, target, status, answer.
"""

from __future__ import annotations

import http.client
import os
import sys
import urllib.parse
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> None:
    method, body, url = "", None, ""
    headers: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        if word in ("-s", "-sS"):
            continue
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(":")
            headers[name] = value.strip()
        elif word == "-d":
            body = next(words)
        elif word == "--data-binary":
            body = Path(next(words).removeprefix("@")).read_text(encoding="utf-8")
        elif word.startswith("-") or url:
            sys.exit(f"this stand-in for curl does not know {word}")
        else:
            url = word
    _ask(method or ("GET" if body is None else "POST"), url, headers, body)


def _ask(method: str, url: str, headers: dict[str, str], body: str | None) -> None:
    parts = urllib.parse.urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.request(method, target, None if body is None else body.encode(), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    with Path(os.environ["QHRONOS_TEST_LOG"]).open("a", encoding="utf-8") as log:
        log.write(f"{method} {target} {answer.status} {' '.join(text.split())}\n")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
