"""Who asks when an event is due reads the same calendars."""

from __future__ import annotations

from app.wiring.engine import Engine


def test_successors_and_previews_share_one_cache_of_calendars(process: Engine) -> None:
    planning = process.services.planning
    assert process.services.successors._timetables is planning.timetables
    assert process.services.events.planner.timetables is planning.timetables
    assert process.services.previews.timetables is planning.timetables
