"""Settings that are lists with commas between: names, hosts and origins. Pure.

Whatever is taken here is compared with what users write, and a part that nothing is ever equal to
counts for nothing, unseen. So what can only be a mistake is refused, with what to write instead.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from app.errors import InvalidInput
from app.metrics.family import OTHER

MAX_INDEXED_MEMBERS = 10
"""The hash of an event stays small with what it keeps of so many."""

MAX_LABELS = 20
"""Each value of a label is a few dozen series in Prometheus, and as many fields in the store."""

_HOST = re.compile(r"[\w.-]{1,253}")
_ORIGIN = re.compile(
    r"(?P<site>(?P<scheme>https?)://(?:[a-z0-9.-]+|\[[0-9a-f:]+\]))(?::(?P<port>[0-9]{1,5}))?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def member_names(text: str) -> tuple[str, ...]:
    """Names of members of the metadata; raises ``InvalidInput``."""
    names = tuple(sorted(part.strip() for part in text.split(",")))
    if not all(0 < len(name) <= 64 and name.isprintable() and ":" not in name for name in names):
        names = ()
    if not 0 < len(names) == len(set(names)) <= MAX_INDEXED_MEMBERS or _has_semicolon(names):
        raise InvalidInput(
            f"must be at most {MAX_INDEXED_MEMBERS} names of members of the metadata, each once "
            "and of 1 to 64 characters without a colon or semicolon, with commas between, as in "
            "customer,order_id"
        )
    return names


def metric_tags(text: str) -> tuple[str, ...]:
    """Tags that are labels of metrics; raises ``InvalidInput``."""
    found = tuple(sorted(unicodedata.normalize("NFC", part).strip() for part in text.split(",")))
    if not _may_be_labels(found) or _has_semicolon(found):
        raise InvalidInput(
            f"must be at most {MAX_LABELS} tags, each once and without a semicolon, with commas "
            f"between, and not '{OTHER}', which is what the rest is called; as in billing,reports"
        )
    return found


def metric_hosts(text: str) -> tuple[str, ...]:
    """Hosts that are labels of metrics; raises ``InvalidInput``."""
    found = tuple(sorted(part.strip().lower() for part in text.split(",")))
    if not _may_be_labels(found) or not all(map(_is_host, found)):
        raise InvalidInput(
            f"must be at most {MAX_LABELS} hosts without ports, each once, with commas between, as "
            "in api.example.com,10.0.0.7"
        )
    return found


def origins(text: str) -> tuple[str, ...]:
    """Origins of web pages, as browsers send them; raises ``InvalidInput``.

    A port that goes without saying is left out, as browsers leave it out.
    """
    return tuple(_origin(part.strip()) for part in text.split(","))


def _origin(text: str) -> str:
    found = _ORIGIN.fullmatch(text)
    port = int(found["port"] or _DEFAULT_PORTS[found["scheme"]]) if found else 0
    if found is None or not 0 < port <= 65_535:
        raise InvalidInput(
            "must be exact origins with commas between, as in "
            "https://app.example.com,https://b.example"
        )
    site: str = found["site"]
    return site if port == _DEFAULT_PORTS[found["scheme"]] else f"{site}:{port}"


def _may_be_labels(found: tuple[str, ...]) -> bool:
    return len(set(found)) == len(found) <= MAX_LABELS and not {"", OTHER} & set(found)


def _has_semicolon(names: tuple[str, ...]) -> bool:
    """Whether somebody may have taken it for what stands between."""
    return any(";" in name for name in names)


def _is_host(text: str) -> bool:
    if ":" not in text:
        return bool(_HOST.fullmatch(text))
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
