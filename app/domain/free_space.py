"""How much of a disk has to be free: a part of it, a number of bytes, or both."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.errors import InvalidInput

_FORM = "must be a part of the disk, bytes or both, as in 5%,1GiB; or 0"
_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_RATIO = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3})?)%", re.ASCII)
_BYTES = re.compile(r"([0-9]{1,15})\s?(|KiB|MiB|GiB|TiB)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """As much as ``ratio`` of the disk and as ``size`` bytes; 0 asks for nothing."""

    ratio: float = 0.0
    size: int = 0

    def is_more_than(self, free: float, ratio: float) -> bool:
        """Whether it is more than so many free bytes, which are ``ratio`` of their disk."""
        return free < self.size or ratio < self.ratio


def parse_free_space(text: str) -> FreeSpace:
    """Read ``5%``, ``1GiB``, ``5%,1GiB`` or ``0``; raises ``InvalidInput``."""
    ratios, sizes = list[float](), list[int]()
    for part in text.split(","):
        if found := _RATIO.fullmatch(part.strip()):
            ratios.append(float(found[1]) / 100)
        elif found := _BYTES.fullmatch(part.strip()):
            sizes.append(int(found[1]) * _UNITS[found[2]])
        else:
            raise InvalidInput(_FORM)
    if len(ratios) > 1 or len(sizes) > 1:
        raise InvalidInput(_FORM)
    return FreeSpace(sum(ratios), sum(sizes))
