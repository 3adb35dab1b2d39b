"""Makes the asynchronous half of the client of the other: ``python -m tests.qhronos.client.twin``.

Both have the same methods and the same texts, and only one of them is written by hand.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT

RUFF = Path(sys.executable).with_name("ruff")
CLIENT = ROOT / "qhronos" / "client"
TWINS = {
    name: f"async_{name}" for name in ("resources.py", "administration.py", "bulk.py", "client.py")
}

PARTS = "Events|Occurrences|Tokens|Calendars|Flows|Alerts|Slos|SigningSecrets|BulkJobs|Audit"

CHANGES = (
    # A method that answers an iterator is not awaited itself.
    (
        r"def (?!__init__|__repr__|_each|read\b)(\w+)(\((?:[^()]|\([^()]*\))*\) -> (?!Iterator))",
        r"async def \1\2",
    ),
    (r"^( *)yield from (.*)$", r"\1for one in \2:\n\1    yield one"),
    (r"self\._send\(", "await self._send("),
    (r"self\._sender\.send\(", "await self._sender.send("),
    (r"\bIterator\b", "AsyncIterator"),
    (r"def _each", "async def _each"),
    (r"def (create_many|audit_lines|changes|event_pages)\(", r"async def \1("),
    (r"\bfor (\w+) in answer\.iter_lines\(\)", r"async for \1 in answer.aiter_lines()"),
    (r"\bwith self\._sender\.http\.stream", "async with self._sender.http.stream"),
    (r"\banswer\.read\(\)", "await answer.aread()"),
    (r"self\._sender\.http\.close\(\)", "await self._sender.http.aclose()"),
    (r"\n        self\.close\(\)", "\n        await self.close()"),
    (r"__enter__", "__aenter__"),
    (r"__exit__", "__aexit__"),
    (r"httpx\.Client\(", "httpx.AsyncClient("),
    (r"BaseTransport", "AsyncBaseTransport"),
    (r"\bSender\b", "AsyncSender"),
    (r"class Client:", "class AsyncClient:"),
    (r"with Client\(", "async with AsyncClient("),
    (r"client\.events\.create\(name=\"renewal\"", 'await client.events.create(name="renewal"'),
    (r"qhronos\.client\.(resources|administration|bulk) import", r"qhronos.client.async_\1 import"),
    (r"import Resource\b", "import AsyncResource"),
    (rf"class (Resource|{PARTS})\b", r"class Async\1"),
    (r"\(Resource\)", "(AsyncResource)"),
    (
        rf"(?<!class )\b({PARTS})(?=\(self|,? .*import|, |,?\n)",
        r"Async\1",
    ),
    (r"programs that wait for each answer", "programs that use asyncio"),
    (
        r"``qhronos/client/(async_\w+)\.py`` is made of this file, see",
        r"It is made of its twin, see",
    ),
)


def twin_of(text: str) -> str:
    """The asynchronous form of a file, in the usual shape."""
    for pattern, replacement in CHANGES:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        shaped = subprocess.run(
            [RUFF, *command, "--config", ROOT / "pyproject.toml", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = shaped.stdout
    return text


if __name__ == "__main__":
    for source, target in TWINS.items():
        (CLIENT / target).write_text(twin_of((CLIENT / source).read_text(encoding="utf-8")))
