"""As much of ``valkey-cli`` as the runbooks need: sends its words to the server in QHRONOS_REDIS_URL."""

from __future__ import annotations

import os
import sys
from typing import Any

import redis


def main(words: list[str]) -> None:
    with redis.Redis.from_url(os.environ["QHRONOS_REDIS_URL"]) as client:
        # Without the library's reading of answers: what the server says is what is shown.
        client.response_callbacks.clear()
        show(client.execute_command(*words))


def show(answer: Any) -> None:
    if isinstance(answer, dict):
        answer = [part for pair in answer.items() for part in pair]
    for one in answer if isinstance(answer, list) else [answer]:
        sys.stdout.write(
            (one.decode(errors="replace") if isinstance(one, bytes) else str(one)) + "\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
