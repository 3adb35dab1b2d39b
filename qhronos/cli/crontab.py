"""Reads a crontab as cron does: what each line schedules, and what can't be moved.

crontab(5) of Debian's cron and of cronie say what a line is.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

_SETTING = re.compile(r"""(["']?)([A-Za-z_]\w*)\1\s*=\s*(.*)""")
_ZONES = ("CRON_TZ", "TZ")
_SLOT = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
"""A place in the address. Two braces are a placeholder of Qhronos, and stay."""

SLOTS = ("name", "user", "line")
LONGEST_NAME = 48


@dataclass(frozen=True, slots=True)
class Job:
    """A line that schedules a command. ``stdin`` is what the command reads; ``None`` is nothing."""

    line: int
    cron: str
    command: str
    stdin: str | None
    user: str | None
    zone: str | None
    place: int = 1
    """Which of the lines with this user and command it is, from 1."""

    @property
    def name(self) -> str:
        """What people call it: the program of the command, without its directories."""
        words = [one for one in self.command.split() if not re.match(r"\w+=", one)]
        program = words[0].rsplit("/", 1)[-1] if words else ""
        return re.sub(r"[^A-Za-z0-9._-]+", "-", program)[:LONGEST_NAME].strip("-.") or "job"

    @property
    def key(self) -> str:
        """The same for the same user and command, so that another schedule changes the event."""
        whole = "\0".join((self.user or "", self.command, self.stdin or ""))
        after = "" if self.place == 1 else f"-{self.place}"
        return f"{self.name}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}{after}"

    def event(self, template: str, zone: str | None) -> dict[str, Any]:
        """Make the event of it; ``zone`` is for lines that have none of their own."""
        given = {"name": self.name, "user": self.user or "", "line": str(self.line)}
        address = _SLOT.sub(lambda found: quote(given[found[1]], safe=""), template)
        about = {"command": self.command, "stdin": self.stdin, "user": self.user}
        return {
            "name": self.name,
            "webhook": address,
            "schedule": {"cron": self.cron},
            "timezone": self.zone or zone or "UTC",
            "metadata": {name: one for name, one in about.items() if one is not None},
        }


@dataclass(slots=True)
class Crontab:
    """What a file says; ``refused`` and ``notes`` have a sentence by the number of its line."""

    jobs: list[Job] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)


def read(lines: Iterable[str], *, with_user: bool) -> Crontab:
    """Read a crontab; ``with_user`` is the form of /etc/crontab, which has a column more."""
    found = Crontab()
    zones: dict[str, str] = {}
    places: Counter[tuple[str | None, str, str | None]] = Counter()
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if setting := _SETTING.fullmatch(text):
            _set(found, zones, number, setting[2], setting[3])
            continue
        zone = zones.get("CRON_TZ") or zones.get("TZ")
        job = _job(number, text, with_user, zone)
        if isinstance(job, str):
            found.refused[number] = job
            continue
        same = (job.user, job.command, job.stdin)
        places[same] += 1
        found.jobs.append(
            Job(job.line, job.cron, job.command, job.stdin, job.user, zone, places[same])
        )
    return found


def _set(found: Crontab, zones: dict[str, str], number: int, name: str, value: str) -> None:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    if name not in _ZONES:
        # Its value may be a secret, and is not shown.
        found.notes[number] = f"{name} is not moved: set it where the command runs."
        return
    zones[name] = value.removeprefix(":")
    found.notes[number] = f"The lines below are in the time zone {zones[name]}."
    if name == "TZ":
        found.notes[number] += " (Debian's cron hands TZ to the commands alone: check the times.)"


def _job(number: int, text: str, with_user: bool, zone: str | None) -> Job | str:
    """Read a line that is no setting; a sentence says why it can't be moved."""
    # cronie and SUSE: a dash before the minutes keeps the line out of the system's log.
    text = re.sub(r"^-(?=[\d*])", "", text)
    fields = 1 if text.startswith("@") else 5
    parts = text.split(None, fields + with_user)
    if parts[0] == "@reboot":
        return "@reboot can't be moved: Qhronos sends at times, and no machine starts here."
    if len(parts) <= fields + with_user:
        form = f"{'a time' if fields == 1 else 'five fields'}{', a user' if with_user else ''}"
        return f"This is no line of a crontab, which has {form} and a command."
    command, stdin = _command(parts[-1])
    if not command:
        return "This line has no command."
    user = parts[fields] if with_user else None
    return Job(number, " ".join(parts[:fields]), command, stdin, user, zone)


def _command(text: str) -> tuple[str, str | None]:
    r"""Cut a command at its first ``%``: the rest is its input. ``\%`` is a percent sign."""
    command, *rest = (part.replace(r"\%", "%") for part in re.split(r"(?<!\\)%", text))
    return command.strip(), "\n".join(rest) + "\n" if rest else None


def unknown_slots(template: str) -> list[str]:
    """Name the places of an address that nothing fills."""
    return [name for name in _SLOT.findall(template) if name not in SLOTS]


def has_user_column(path: Path) -> bool:
    """Whether cron reads this file with a column for the user."""
    whole = path.absolute()
    return whole == Path("/etc/crontab") or whole.parent == Path("/etc/cron.d")


def zone_of_machine(
    environment: Mapping[str, str] = os.environ, root: Path = Path("/")
) -> str | None:
    """Name the zone of this machine, in which its cron runs; ``None`` if nothing says it."""
    if given := environment.get("TZ", "").removeprefix(":"):
        return given
    try:
        named = (root / "etc/timezone").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        named = ""
    link = root / "etc/localtime"
    linked = str(link.readlink()) if link.is_symlink() else ""
    return named or linked.partition("zoneinfo/")[2] or None
