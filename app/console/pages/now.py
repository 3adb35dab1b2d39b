"""Now: is it healthy, is anything late, what failed, what comes next."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.api.http.auth import access
from app.api.http.context import services
from app.console.charts import lateness_lines, sparkline, stack_of, success_line
from app.console.show import of_host
from app.console.wording import waits_for
from app.domain.access import Access
from app.services.overview_parts import host_of
from app.services.queries import EventQuery
from app.store.shards import if_there

BEHIND_MS = 10_000
"""How long after its time something is called late."""

NEXT = 10
"""How many planned occurrences are shown."""


def add_to(console: Blueprint) -> None:
    """Add the path."""
    console.add_url_rule("/", "now", show)


def breakers_of(asker: Access) -> dict[str, int]:
    """The targets that are left alone, for an admin, as far as that is known."""
    return if_there(services().health.breakers) or {} if asker.is_admin else {}


def show() -> str:
    """The state of the service at a glance."""
    overview, asker = services().overview, access()
    minutes = overview.minutes(asker)
    ended = [
        sum(minutes.counts[status][at] for status in ("completed", "failed"))
        for at in range(len(minutes.counts["completed"]))
    ]
    since_ms = minutes.first_ms
    upcoming = overview.upcoming(asker, NEXT, from_now=True)
    # What the store has once may be on a shard that is away: the rest is shown.
    breakers = breakers_of(asker)
    late_since_ms = services().clock.now_ms() - BEHIND_MS
    due = overview.upcoming(asker, NEXT)
    behind = [one for one in due if one.occurrence.planned_ms < late_since_ms]
    late_event = behind[0].event if behind else None
    host = host_of(late_event.action.target) if late_event else ""
    is_day = request.args.get("span") == "day"
    charted = (overview.day(asker) if is_day else None) or minutes
    late = overview.lateness_of(charted, asker)
    return render_template(
        "console/now.html",
        behind=behind,
        is_more=len(behind) == NEXT,
        waits_for=waits_for(late_event, of_host(breakers, host)),
        status=services().health.status(),
        breakers=breakers,
        minutes=minutes,
        is_day=is_day,
        charted=charted,
        stack=stack_of(charted, late),
        success=success_line(charted),
        late=lateness_lines(late),
        a_minute=sum(ended[-6:-1]) / 5,
        deliveries=sparkline(ended),
        lateness=overview.lateness(asker),
        failing=overview.failing(asker, ("failed", "retrying"), since_ms)[:5],
        upcoming=upcoming,
        objectives=if_there(lambda: services().figures.slos.list(asker)) or [],
        is_empty=not due and not services().events.list(EventQuery(limit=1), asker).items,
    )
