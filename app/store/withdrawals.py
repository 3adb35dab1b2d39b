"""What becomes of occurrences of an event when that is written anew or deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain import ids


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What becomes of occurrences that no attempt is made of, when their event is written anew.

    That is the scheduled one, unless the plan has it too, and those that were claimed and returned
    unsent. These stay if ``keeps`` says so of their scheduled time; ``None`` keeps none. Others end
    as cancelled, for ``reason``; of the scheduled one only if ``is_recorded``: else its time has
    not come yet, and it leaves no trace. ``passed_ms`` are times that the series had come to and
    has no more, while nobody had scheduled them yet: they are recorded as cancelled too.
    """

    reason: str = "its event was changed"
    is_recorded: bool = False
    keeps: Callable[[int], bool] | None = None
    passed_ms: Sequence[int] = ()


NO_WITHDRAWAL = Withdrawal()


def judged_waiting(waiting: Sequence[bytes], withdrawal: Withdrawal) -> bytes:
    """Say which occurrences are kept, as the script reads it; ``waiting``: id and time of each."""
    keeps = withdrawal.keeps or (lambda _at: False)
    pairs = zip(waiting[::2], waiting[1::2], strict=True)
    return b"".join(one + (b"1" if keeps(int(at)) else b"0") for one, at in pairs)


def passed(event_id: bytes, times_ms: Sequence[int]) -> bytes:
    """Occurrences with their times, as ``record_passed_over`` reads them."""
    return b"".join(b"%b%013d" % (ids.occurrence_id(event_id, at), at) for at in times_ms)
