"""What work costs a processor: this thread alone, and as a quiet machine would need for it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

STICK = 20_000
STICK_S = 0.006
"""How long a quiet machine takes for a yardstick of so many steps: some of it is slower than most
of Python, so that it has nothing to gain from a machine that is only quick at counting."""


def processor_s(work: Callable[[], object]) -> float:
    """Seconds of a processor that work takes here and now, by the measure of a quiet machine.

    What other threads do meanwhile is not it, nor a collection of what the tests before have left.
    Where the machine is slower, as others use it, so is the yardstick before and after.
    """
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        before_s = _stick_s()
        begun_s = time.thread_time()
        work()
        took_s = time.thread_time() - begun_s
        slowness = max(1.0, before_s / STICK_S, _stick_s() / STICK_S)
    finally:
        if is_collecting:
            gc.enable()
    return took_s / slowness


def _stick_s() -> float:
    begun_s = time.thread_time()
    found: dict[str, int] = {}
    for number in range(STICK):
        name = f"{number % 997}:"
        found[name] = found.get(name, 0) + len(name.partition(":")[0])
    return time.thread_time() - begun_s
