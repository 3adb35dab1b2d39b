"""What the server refuses is counted by a word for its reason; ``test_connection`` has the rest."""

from __future__ import annotations

import pytest

from app.http_server import refusals
from app.live.places import SHARE_TAKEN
from app.metrics.catalogue import REFUSED
from app.metrics.registry import Registry


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, refusals.sentence(400), "malformed"),
        (505, refusals.sentence(505), "malformed"),
        (400, refusals.CUT_OFF, "cut_off"),
        (400, refusals.NO_HANDSHAKE, "handshake"),
        (408, refusals.TOO_SLOW.format(seconds=10), "slow"),
        (414, refusals.sentence(414), "address"),
        (429, SHARE_TAKEN, "share"),
        (431, refusals.sentence(431), "headers"),
        (503, refusals.CROWDED, "connections"),
        (503, refusals.TOO_MANY_WAIT, "queue"),
        (503, refusals.TOO_MUCH_HELD, "memory"),
    ],
)
def test_each_reason_has_its_word(
    status: int, message: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "REFUSED", type(refusals.REFUSED)())
    refusals.answer(status, message)
    registry = Registry()
    registry.take(REFUSED, refusals.REFUSED)
    assert registry.totals() == {f"api_refused|{reason}|{status}": 1}
