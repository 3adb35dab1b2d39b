"""Processes that are held up by chance, as on a busy host: stopped for moments, again and again."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
from collections.abc import Iterator, Sequence

from tests.support.processes import Program


@contextlib.contextmanager
def stalled(
    programs: Sequence[Program], *, stop_ms: tuple[int, int] = (3, 80), seed: int = 0
) -> Iterator[None]:
    """Stop one program after another for so many ms (least, most) while the body runs."""
    ended = threading.Event()
    chance = random.Random(seed)

    def stall() -> None:
        while not ended.wait(chance.uniform(0.0, 0.02)):
            program = chance.choice(programs)
            program.signal(signal.SIGSTOP)
            try:
                ended.wait(chance.uniform(*stop_ms) / 1000)
            finally:
                program.signal(signal.SIGCONT)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
