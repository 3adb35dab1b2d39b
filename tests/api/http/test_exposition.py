"""How metrics are written: text for Prometheus, OpenMetrics for who asks for it."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from app import __version__
from app.api.http.exposition import exposition
from app.metrics import catalogue
from app.metrics.exemplars import Exemplar
from app.metrics.totals import read_totals

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
FIELDS = {
    "outcomes|failed": 2,
    "lateness_seconds|1000": 3,
    "lateness_seconds|inf": 1,
    "lateness_seconds|sum": 2_500_000,
}


def written(accept: str) -> tuple[str, str]:
    totals = read_totals(FIELDS, catalogue.COUNTED)
    text, content_type = exposition(accept, totals, {catalogue.LAG: {(): 1.5}})
    return text.decode(), content_type


def test_a_histogram_is_cumulative_and_in_seconds() -> None:
    lines = written("")[0].splitlines()
    assert 'qhronos_lateness_seconds_bucket{le="0.001"} 3.0' in lines
    assert 'qhronos_lateness_seconds_bucket{le="300.0"} 3.0' in lines
    assert 'qhronos_lateness_seconds_bucket{le="+Inf"} 4.0' in lines
    assert "qhronos_lateness_seconds_sum 2.5" in lines
    assert "qhronos_lateness_seconds_count 4.0" in lines


def test_counters_have_the_suffix_and_begin_with_zero() -> None:
    lines = written("")[0].splitlines()
    assert 'qhronos_outcomes_total{outcome="failed"} 2.0' in lines
    assert 'qhronos_outcomes_total{outcome="completed"} 0.0' in lines
    assert any(f'version="{__version__}"' in line for line in lines if "build_info{" in line)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("Application/OpenMetrics-Text;version=x", OPENMETRICS + "; charset=utf-8"),
        ("text/plain;version=" + "9" * 5_000, "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_who_asks_for_openmetrics_gets_it(accept: str, content_type: str) -> None:
    """There is one version of each form; whoever asks for another one is told which it is."""
    assert written(accept)[1] == content_type


def test_both_forms_can_be_read_and_say_the_same() -> None:
    read = [
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }
        for families in (plain(written("")[0]), openmetrics(written(OPENMETRICS)[0]))
    ]
    assert read[0] == read[1]
    assert len(read[0]) > 50


def test_openmetrics_shows_which_trace_a_value_is_part_of() -> None:
    """The text format of Prometheus has no room for it."""
    exemplars = {
        "lateness_seconds|1000": Exemplar("a" * 32, 700, 1_700_000_000_500),
        "receiver_seconds|wait|inf": Exemplar("b" * 32, 31_000_000, 1_700_000_000_500),
    }
    totals = read_totals(FIELDS, catalogue.COUNTED)
    text = exposition(OPENMETRICS, totals, {}, exemplars)[0].decode()
    found = {
        (sample.name, sample.labels["le"]): sample.exemplar
        for family in openmetrics(text)
        for sample in family.samples
        if sample.exemplar is not None
    }
    shown = found["qhronos_lateness_seconds_bucket", "0.001"]
    assert (shown.labels, shown.value) == ({"trace_id": "a" * 32}, 0.0007)
    assert float(shown.timestamp) == 1_700_000_000.5
    assert found["qhronos_receiver_seconds_bucket", "+Inf"].labels == {"trace_id": "b" * 32}
    assert len(found) == 2
    assert b"trace_id" not in exposition("", totals, {}, exemplars)[0]
