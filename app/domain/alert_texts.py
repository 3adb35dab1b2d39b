"""What a notification says, in plain sentences. Pure.

Names and errors come from users and receivers. They are cut, and lose what would break a line or
turn the direction of writing; whoever puts them into a form of its own escapes them for that form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.alert_groups import MAX_SUBJECTS, AlertGroup, AlertPart
from app.domain.alerts import OF_INSTANCE, Condition, Finding
from app.domain.lines import is_seen

MAX_NAME = 80
MAX_DETAIL = 160
MAX_PROBLEM = 400
"""Of the sentence about a problem of the instance: it says what to do."""


@dataclass(frozen=True, slots=True)
class Section:
    """Findings of one kind: a sentence, a line for each of the first, and where to look."""

    heading: str
    lines: tuple[str, ...]
    link: str


@dataclass(frozen=True, slots=True)
class Notification:
    """What is told at once. ``key`` is the same whenever it is sent again."""

    key: str
    title: str
    sections: tuple[Section, ...]
    footer: str
    link: str
    """Where the alert itself is."""

    @property
    def text(self) -> str:
        """All of it as lines."""
        lines: list[str] = []
        for one in self.sections:
            lines += [one.heading, *(f"- {line}" for line in one.lines), one.link, ""]
        return "\n".join([*lines, self.footer, self.link])


def plain(text: str, most: int) -> str:
    """A text of others on one line, cut, without what can't be seen."""
    cut = text[: most + 1]
    seen = "".join(one if is_seen(one) else " " for one in cut)
    line = " ".join(seen.split())
    return line if len(cut) <= most else line[: most - 1] + "…"


def notification_of(
    group: AlertGroup, alert_name: str, alert_id: str, console: str
) -> Notification:
    """Put a group into words; ``console`` is the console's address, without a slash at its end."""
    sections = tuple(_section(part, console) for part in group.parts)
    more = f" (and {len(sections) - 1} more)" if len(sections) > 1 else ""
    title = sections[0].heading.rstrip(".:") + more
    return Notification(group.key, title, sections, *_foot(alert_name, alert_id, console))


def trial_of(key: str, alert_name: str, alert_id: str, console: str) -> Notification:
    """What somebody sends to see whether it arrives."""
    heading = "This is a test: notifications of this alert arrive."
    section = Section(heading, (), f"{console}/")
    title = f"Test of the alert “{plain(alert_name, MAX_NAME)}”"
    return Notification(key, title, (section,), *_foot(alert_name, alert_id, console))


def _foot(alert_name: str, alert_id: str, console: str) -> tuple[str, str]:
    name = plain(alert_name, MAX_NAME)
    return f"The alert “{name}” of Qhronos sends this.", f"{console}/alerts/{alert_id}"


def _section(part: AlertPart, console: str) -> Section:
    lines = [_line(one) for one in part.first]
    rest = part.count - len(lines)
    if rest:
        lines.append(f"and {rest:,} more")
    return Section(
        _HEADINGS[part.condition, part.is_over](part), tuple(lines), _link(part, console)
    )


def _link(part: AlertPart, console: str) -> str:
    first = part.first[0]
    is_single = len(part.subjects) == 1
    if part.condition is Condition.DEAD_LETTER:
        single = part.count == 1 and first.occurrence_id
        place = f"/occurrences/{first.occurrence_id}" if single else "/dead-letters"
    elif part.condition is Condition.BREAKER_OPEN:
        place = "/flows"
    elif part.condition in (*OF_INSTANCE, Condition.SLO_BURN):
        place = "/"
    else:
        place = f"/events/{first.subject}" if is_single else "/events"
    return console + place


def _line(finding: Finding) -> str:
    name = plain(finding.name, MAX_NAME)
    is_problem = finding.condition is Condition.PROBLEM
    detail = plain(finding.detail, MAX_PROBLEM if is_problem else MAX_DETAIL)
    at = datetime.fromtimestamp(finding.at_ms / 1000, UTC)
    said = f"{name}: {detail}" if name and detail else name or detail
    return f"{said} ({at:%Y-%m-%d %H:%M:%S} UTC)"


def _counted(count: int, what: str, more: str = "") -> str:
    return f"{count:,}{more} {what}{'' if count == 1 and not more else 's'}"


def _subjects(part: AlertPart, what: str) -> str:
    many = len(part.subjects) > MAX_SUBJECTS
    return _counted(min(len(part.subjects), MAX_SUBJECTS), what, "+" if many else "")


def _dead_letters(part: AlertPart) -> str:
    return f"{_counted(part.count, 'occurrence')} of {_subjects(part, 'event')} failed."


def _about_events(one: str, many: str) -> Callable[[AlertPart], str]:
    def heading(part: AlertPart) -> str:
        is_one = len(part.subjects) == 1
        return f"{_subjects(part, 'event')} {one if is_one else many}."

    return heading


def _breakers(verb: str) -> Callable[[AlertPart], str]:
    def heading(part: AlertPart) -> str:
        is_one = len(part.subjects) == 1
        which = "The circuit breaker of 1 target" if is_one else None
        return f"{which or 'The circuit breakers of ' + _subjects(part, 'target')} {verb}."

    return heading


_HEADINGS: dict[tuple[Condition, bool], Callable[[AlertPart], str]] = {
    (Condition.FAILING, False): _about_events("has begun to fail", "have begun to fail"),
    (Condition.FAILING, True): _about_events("succeeds again", "succeed again"),
    (Condition.DEAD_LETTER, False): _dead_letters,
    (Condition.BREAKER_OPEN, False): _breakers("opened"),
    (Condition.BREAKER_OPEN, True): _breakers("closed"),
    (Condition.SERIES_ENDED, False): _about_events(
        "has ended: nothing more is to come", "have ended: nothing more is to come"
    ),
    (Condition.SET_ASIDE, False): _about_events("was set aside", "were set aside"),
    (Condition.LAG, False): lambda _: "Deliveries are late.",
    (Condition.LAG, True): lambda _: "Deliveries are on time again.",
    (Condition.SLO_BURN, False): lambda part: (
        f"The error budget of {_subjects(part, 'lateness objective')} burns."
    ),
    (Condition.SLO_BURN, True): lambda part: (
        f"The error budget of {_subjects(part, 'lateness objective')} burns no more."
    ),
    (Condition.PROBLEM, False): lambda part: f"The instance has {_subjects(part, 'problem')}.",
    (Condition.PROBLEM, True): lambda part: (
        f"{_subjects(part, 'problem')} of the instance {'is' if part.count == 1 else 'are'} over."
    ),
}
