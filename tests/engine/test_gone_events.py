from __future__ import annotations

from app.engine.gone_events import GoneEvents
from app.errors import StoreUnavailable


def test_they_are_ended_once_also_if_the_store_was_away() -> None:
    ended: list[bytes] = []
    away = [True]

    def deactivate(event_id: bytes) -> None:
        if away:
            raise StoreUnavailable
        ended.append(event_id)

    gone = GoneEvents(deactivate)
    gone.add(b"one")
    gone.add(b"other")
    gone.step()
    assert ended == []
    away.clear()
    gone.step()
    gone.step()
    assert sorted(ended) == [b"one", b"other"]
