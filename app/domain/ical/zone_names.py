"""IANA zones that a name may mean. A name is a hint: where the file defines it, that counts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

# CLDR's table of Windows zones, as the icalendar package carries it.
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_ALSO = {"tzone://microsoft/utc": "UTC", "z": "UTC", "coordinated universal time": "UTC"}
_NO_ZONES = ("Factory", "localtime", "posixrules")
_MAX_PARTS = 3


@lru_cache(maxsize=1024)
def zones_named(name: str) -> tuple[str, ...]:
    """The IANA names that a name may mean, the likeliest first.

    It is one itself, in any case; or has one at its end, as in
    ``/freeassociation.sourceforge.net/Europe/Berlin``; or is the name of a Windows zone.
    """
    text = name.strip().strip('"').casefold()
    parts = text.strip("/").split("/")
    known = _known()
    candidates = ["/".join(parts[-length:]) for length in range(_MAX_PARTS, 0, -1)]
    # Some programs have no slash in names: Europe_Berlin, US-Eastern.
    candidates += [text.replace("_", "/", 1), text.replace("-", "/", 1)]
    found = [known.get(text, ""), *(known.get(one, "") for one in candidates)]
    return tuple(dict.fromkeys(one for one in found if one))


def likely_zones() -> Iterator[str]:
    """Every IANA zone, first those whose clocks show all times that are shown from now on."""
    return iter(_likely())


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    known = {windows.casefold(): zone for windows, zone in WINDOWS_TO_OLSON.items()}
    known |= _ALSO
    # The list of names that the pinned tzdata comes with: no zone is loaded to know its name.
    for zone in files("tzdata").joinpath("zones").read_text("utf-8").split():
        if zone not in _NO_ZONES:
            known[zone.casefold()] = zone
    return known


@lru_cache(maxsize=1)
def _likely() -> tuple[str, ...]:
    # The file names for each such clock the zone where most people live.
    table = files("tzdata").joinpath("zoneinfo", "zonenow.tab").read_text("utf-8")
    rows = [row.split("\t")[2] for row in table.splitlines() if row and not row.startswith("#")]
    return tuple(dict.fromkeys(["UTC", *rows, *sorted(set(_known().values()))]))
