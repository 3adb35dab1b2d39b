"""Whose request it is when proxies stand between: ``X-Forwarded-…``, believed as far as known.

Each proxy adds the address that it was asked from at the right end of the header. So it is read
from there, as long as who added an entry is one of the proxies that the settings name; whatever
stands further left was written by somebody else and says nothing.
"""

from __future__ import annotations

import ipaddress
import re

from app.domain.addresses import Address, Network

_WITH_PORT = re.compile(
    r"\[(?P<six>[0-9A-Fa-f:.]+)\](?::\d{1,5})?|(?P<four>[\d.]+):\d{1,5}", re.ASCII
)
_SUBSCRIBER = 64
"""How much of an IPv6 address one subscriber shares (RFC 6177): the rest is theirs to choose."""


def client_address(peer: str, forwarded: str, proxies: tuple[Network, ...]) -> str:
    """Return the address of the caller: see ``caller``."""
    return caller(peer, forwarded, proxies)[0]


def caller(peer: str, forwarded: str, proxies: tuple[Network, ...]) -> tuple[str, int]:
    """Return the caller's address, and through how many known proxies its request came.

    The address is the first, from the peer on, that is not a known proxy's. ``forwarded`` is the
    whole of ``X-Forwarded-For``. An entry that is no address ends the walk.
    """
    address, passed = _address(peer), 0
    if address is None:
        return peer, passed
    hops = forwarded.split(",")
    while any(address in network for network in proxies):
        passed += 1
        before = _address(hops.pop()) if hops else None
        if before is None:
            break
        address = before
    return str(address), passed


def said_by(hops: int, listed: str) -> str:
    """Return what the furthest of so many proxies said in a list to which each adds an entry.

    A proxy that writes over what it got leaves fewer; then it is the first of them. Nothing if
    there is no known proxy, or no entry.
    """
    entries = [entry.strip() for entry in listed.split(",")]
    return entries[-min(hops, len(entries))] if hops else ""


def counted_address(address: str) -> str:
    """Return what a limit counts under: the address, of IPv6 the network of its subscriber."""
    ip = _address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((ip, _SUBSCRIBER), strict=False))
    return address if ip is None else str(ip)


def _address(text: str) -> Address | None:
    """Read an address, which some proxies write with the port; IPv4 within IPv6 as IPv4."""
    bare = text.strip()
    if match := _WITH_PORT.fullmatch(bare):
        bare = match["six"] or match["four"]
    try:
        ip = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip
