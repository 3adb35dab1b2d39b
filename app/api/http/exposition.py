"""How metrics are written: in the text format of Prometheus, or as OpenMetrics if asked for."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as ShownExemplar

from app import __version__
from app.metrics.catalogue import FAMILIES
from app.metrics.exemplars import Exemplar
from app.metrics.family import COUNTER, HISTOGRAM, INFO, PREFIX, Family
from app.metrics.totals import Distribution, Labels, Totals

OPENMETRICS = "application/openmetrics-text"

Found = Mapping[Family, Mapping[Labels, float]]
"""What is found when somebody asks, by family and labels."""


def wants_openmetrics(accept: str) -> bool:
    """Whether a header ``Accept`` asks for OpenMetrics."""
    # (The library's own choice raises TypeError for versions that are none.)
    return OPENMETRICS in [each.partition(";")[0].strip().lower() for each in accept.split(",")]


def exposition(
    accept: str, totals: Totals, found: Found, exemplars: Mapping[str, Exemplar] | None = None
) -> tuple[bytes, str]:
    """Write all metrics as ``accept`` wants them; returns the text and its content type.

    ``exemplars`` are by field; the text format of Prometheus has none.
    """
    registry = CollectorRegistry()
    registry.register(_Everything(totals, found, exemplars or {}))
    if wants_openmetrics(accept):
        text = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return text, openmetrics.CONTENT_TYPE_LATEST
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


class _Everything(Collector):
    """Every family of the catalogue that has anything to show, in the catalogue's order."""

    def __init__(self, totals: Totals, found: Found, exemplars: Mapping[str, Exemplar]) -> None:
        self._totals = totals
        self._found = found
        self._exemplars = exemplars

    def describe(self) -> list[Metric]:
        """Nothing is registered beside it, so no name can be taken."""
        return []

    def collect(self) -> Iterator[Metric]:
        """See ``Collector``."""
        for family in FAMILIES:
            if family.kind == HISTOGRAM:
                children = self._totals.histograms.get(family, {})
                yield _histogram(family, children, self._exemplars)
            elif family.kind == INFO:
                yield _info(family)
            else:
                values = self._found.get(family) or self._totals.counters.get(family, {})
                yield _simple(family, values)


def _info(family: Family) -> Metric:
    values = {"version": __version__, "python": platform.python_version()}
    return InfoMetricFamily(PREFIX + family.name, family.text, values)


def _simple(family: Family, values: Mapping[Labels, float]) -> Metric:
    make = CounterMetricFamily if family.kind == COUNTER else GaugeMetricFamily
    metric = make(PREFIX + family.name, family.text, labels=family.labels)
    for labels, value in sorted(values.items()):
        metric.add_metric(labels, value)
    return metric


def _histogram(
    family: Family, children: Mapping[Labels, Distribution], exemplars: Mapping[str, Exemplar]
) -> Metric:
    metric = HistogramMetricFamily(PREFIX + family.name, family.text, labels=family.labels)
    for labels, (counts, total) in sorted(children.items()):
        shown = [_shown(family, exemplars.get(family.field(labels, one))) for one in family.parts()]
        bounds = [str(bound / family.scale) for bound in family.bounds] + ["+Inf"]
        buckets: list[tuple[str, float] | tuple[str, float, ShownExemplar]] = [
            (bound, count) if one is None else (bound, count, one)
            for bound, count, one in zip(bounds, accumulate(counts), shown, strict=True)
        ]
        metric.add_metric(labels, buckets, total / family.scale)
    return metric


def _shown(family: Family, exemplar: Exemplar | None) -> ShownExemplar | None:
    if exemplar is None:
        return None
    value, at_s = exemplar.value / family.scale, exemplar.at_ms / 1_000
    return ShownExemplar({"trace_id": exemplar.trace_id}, value, at_s)
