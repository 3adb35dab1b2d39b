"""Counts outcomes and lateness by the tags and the hosts that the settings name.

Each label has the values that an operator has listed, and ``OTHER`` for all the rest: what users
choose never makes a series. Nothing is counted, and a delivery costs no more, if none is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple
from urllib.parse import urlsplit

from app.metrics import catalogue
from app.metrics.family import OTHER, Family
from app.metrics.registry import Buckets, Registry, Tally
from app.metrics.totals import Labels
from app.store.claims import Claim

REMEMBERED = 8192
"""For so many pairs of tags and a URL it is remembered what they count for."""


class MetricGroups(NamedTuple):
    """What a delivery counts for: where its outcome is counted, and its lateness."""

    outcomes: list[tuple[Tally, str]]
    lateness: list[Buckets]


class GroupMeter:
    """What one process counts by tag and by host; its drains use it one after another."""

    def __init__(
        self, registry: Registry, tags: Sequence[str] = (), hosts: Sequence[str] = ()
    ) -> None:
        """With neither ``tags`` nor ``hosts`` it is not ``is_on``."""
        self.is_on = bool(tags or hosts)
        self._tags, self._hosts = frozenset(tags), frozenset(hosts)
        self._registry = registry
        self._groups = lru_cache(REMEMBERED)(self._find)

    def groups_of(self, claim: Claim) -> MetricGroups:
        """What a claim counts for. One that has several listed tags counts for each of them."""
        gone = claim.definition is None
        return self._groups(claim.tags, "" if gone else claim.action.target)

    def _find(self, tags: tuple[str, ...], url: str) -> MetricGroups:
        found = MetricGroups([], [])
        if self._tags:
            for tag in [tag for tag in tags if tag in self._tags] or [OTHER]:
                self._add(found, tag, catalogue.OUTCOMES_BY_TAG, catalogue.LATENESS_BY_TAG)
        if self._hosts:
            host = urlsplit(url).hostname or ""
            shown = host if host in self._hosts else OTHER
            self._add(found, shown, catalogue.OUTCOMES_BY_TARGET, catalogue.LATENESS_BY_TARGET)
        return found

    def _add(self, groups: MetricGroups, value: str, outcomes: Family, lateness: Family) -> None:
        groups.outcomes.append((self._registry.tally(outcomes), value))
        groups.lateness.append(self._registry.buckets(lateness, value))

    def note_lateness(self, claim: Claim, late_us: int) -> None:
        """Count how late the first attempt of an occurrence was."""
        for buckets in self.groups_of(claim).lateness:
            buckets.add(late_us)


def count_recorded(groups: MetricGroups, verdict: str) -> None:
    """Count an attempt that is recorded, for each of its groups."""
    for tally, value in groups.outcomes:
        tally[value, verdict] += 1


def listed(tags: Sequence[str], hosts: Sequence[str]) -> dict[Family, set[Labels]]:
    """The labels that each such family may have, by the settings."""
    values = {
        "tag": {*tags, OTHER} if tags else (),
        "target": {*hosts, OTHER} if hosts else (),
        "outcome": catalogue.VERDICTS,
    }
    return {
        family: set(product(*(values[label] for label in family.labels)))
        for family in catalogue.LISTED
    }
