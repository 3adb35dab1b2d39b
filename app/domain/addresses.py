"""Which addresses webhooks may reach."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """Which non-public addresses webhooks may reach: all, or the listed networks, or none."""

    allow_all: bool = False
    allowed: tuple[Network, ...] = ()


DENIED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # shared by carriers (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "169.254.0.0/16",  # link-local, and clouds' metadata (RFC 3927)
        "172.16.0.0/12",  # private (RFC 1918)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private (RFC 1918)
        "198.18.0.0/15",  # benchmarking (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved, and broadcast (RFC 1112)
    )
)
"""Our own table, because what Python's ``is_global`` answers changes between its versions."""

DENIED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "::/96",  # unspecified, loopback, IPv4-compatible (RFC 4291)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",  # NAT64, local (RFC 8215)
        "100::/64",  # discard (RFC 6666)
        "100:0:0:1::/64",  # dummy prefix (RFC 9780)
        "2001::/23",  # protocol assignments; Teredo, benchmarking, ORCHID (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4 (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
        "5f00::/16",  # segment routing (RFC 9602)
        "fc00::/7",  # unique local (RFC 4193)
        "fe80::/10",  # link-local (RFC 4291)
        "fec0::/10",  # site-local (RFC 3879)
        "ff00::/8",  # multicast (RFC 4291)
    )
)
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
"""All global unicast that is assigned so far (RFC 4291); whatever lies outside is refused."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def is_allowed(address: Address | str, policy: TargetPolicy) -> bool:
    """Whether a webhook may connect to this address. Text that is no address is refused.

    An IPv4 address carried inside an IPv6 one is judged too.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if policy.allow_all:
        return True
    if isinstance(ip, ipaddress.IPv4Address):
        return _listed(ip, policy.allowed) or not _listed(ip, DENIED_V4)
    if ip.ipv4_mapped is not None:
        return is_allowed(ip.ipv4_mapped, policy)
    inner = _carried(ip)
    if inner is not None and not is_allowed(inner, policy):
        return False
    return _listed(ip, policy.allowed) or (ip in GLOBAL_V6 and not _listed(ip, DENIED_V6))


def _listed(ip: Address, networks: tuple[Network, ...]) -> bool:
    return any(ip in network for network in networks)


def _carried(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that packets to this one end at, if it carries one."""
    compatible = ip in _COMPATIBLE and int(ip) > 1
    if compatible or ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.sixtofour


_NUMBER = re.compile(r"(?:0x)?[0-9a-f]+", re.ASCII)


def literal_address(host: str) -> Address | None:
    """Return the address that a host is a literal of, ``None`` if it is a name.

    Reads every notation that libcurl and ``inet_aton`` do: ``127.0.0.1``, ``127.1``,
    ``2130706433``, ``0x7f000001``, ``0177.0.0.1``, digits of any script, IPv6 without brackets.
    """
    text = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().removesuffix(".")
    if ":" in text:
        try:
            return ipaddress.IPv6Address(text)
        except ValueError:
            return None
    try:
        numbers = [_number(part) for part in text.split(".")]
    except ValueError:
        return None
    *leading, last = numbers
    if len(leading) > 3 or any(number > 255 for number in leading):
        return None
    if last >= 256 ** (4 - len(leading)):
        return None
    high = sum(number << (24 - 8 * index) for index, number in enumerate(leading))
    return ipaddress.IPv4Address(high + last)


def _number(text: str) -> int:
    """Read a part of an IPv4 address: decimal, ``0x`` hexadecimal or ``0`` octal."""
    if len(text) > 64 or not _NUMBER.fullmatch(text):
        raise ValueError
    if text.startswith("0x"):
        return int(text, 16)
    return int(text, 8 if text.startswith("0") else 10)
