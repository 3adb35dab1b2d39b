"""The rules and the dashboard ask for metrics that there are, and lead to pages that there are.

``make deployments`` has Prometheus itself judge them.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest
import yaml

from app.metrics.catalogue import COUNTED, FAMILIES, SAID
from app.metrics.family import HISTOGRAM
from tests.deployment.monitoring import panels
from tests.docs.pages import page
from tests.support.processes import ROOT

RULES = {
    path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
}
EVERY = [rule for file in RULES.values() for group in file["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in EVERY if "alert" in rule]
RECORDED = {rule["record"] for rule in EVERY if "record" in rule}
EVERY_PANEL = panels()
PANELS = [panel for panel in EVERY_PANEL if panel["type"] != "row"]
QUERIES = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in PANELS
    for target in panel["targets"]
}


def shown() -> dict[str, set[str]]:
    """Every series that there is by its name, with its labels."""
    found: dict[str, set[str]] = {}
    for one in FAMILIES:
        labels = {*one.labels}
        if one.kind == HISTOGRAM:
            found |= {f"{one.shown}_{part}": labels for part in ("sum", "count")}
            found[f"{one.shown}_bucket"] = labels | {"le"}
        else:
            found[one.shown] = labels
    return found


SERIES = shown()


@pytest.mark.parametrize(
    "asked",
    [*QUERIES.values(), *(rule["expr"] for rule in EVERY)],
    ids=[*QUERIES, *(rule.get("alert") or rule["record"] for rule in EVERY)],
)
def test_what_is_asked_for_is_there(asked: str) -> None:
    """Each series, each label that it is chosen or grouped by, and each bound of a bucket."""
    names = re.findall(r"\bqhronos[a-z0-9_]*(?::[a-z0-9_]+)*", asked)
    texts = re.sub(r'"[^"]*"', '""', asked)
    used = [name for name in names if not re.fullmatch(r"qhronos", name)]
    assert set(used) <= set(SERIES) | RECORDED, asked
    known = {label for name in used for label in SERIES.get(name, ())} | {"job"}
    grouped = re.findall(r"by \(([^)]*)\)", texts)
    chosen = re.findall(r"(\w+)=~?\"|(\w+)!=\"", texts)
    labels = {label for some in grouped for label in some.split(", ")}
    labels |= {first or second for first, second in chosen}
    assert labels <= known, asked
    bounds = {f"{bound / one.scale}" for one in FAMILIES for bound in one.bounds}
    assert set(re.findall(r'\ble="([^"]*)"', asked)) <= bounds


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert {"summary", "description", "runbook"} == set(alert["annotations"])
    name, _, anchor = alert["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (.*)$", page(name).text, re.MULTILINE)
    anchors = {re.sub(r"[^\w-]", "", one.lower().replace(" ", "-")) for one in headings}
    # (Each problem has its part of the page: see tests/docs/test_tables.py.)
    assert anchor in {*anchors, "{{ $labels.code }}"}


def test_the_guide_lists_every_alert() -> None:
    told = {cells[0].strip("`"): cells[1] for cells in page("docs/metrics.md").rows("alert")}
    assert told == {alert["alert"]: alert["labels"]["severity"] for alert in ALERTS}


def test_every_alert_is_tried() -> None:
    """``promtool test rules`` has a case in which it says something, and one in which not."""
    cases = yaml.safe_load((ROOT / "tests" / "deployment" / "alerts.yml").read_text())["tests"]
    tried = [case for test in cases for case in test["alert_rule_test"]]
    names = {alert["alert"] for alert in ALERTS}
    assert {case["alertname"] for case in tried if case.get("exp_alerts")} == names
    assert {case["alertname"] for case in tried if not case.get("exp_alerts")} == names


def test_no_panel_covers_another() -> None:
    places = [panel["gridPos"] for panel in EVERY_PANEL]
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, (one, other)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    ids = [panel["id"] for panel in EVERY_PANEL]
    assert len(set(ids)) == len(ids)


def test_every_panel_says_what_it_shows() -> None:
    for panel in PANELS:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"].get("unit") or panel["type"] == "heatmap"
        assert panel["datasource"]["uid"] == "${datasource}"
    titles = [panel["title"] for panel in EVERY_PANEL]
    assert len(set(titles)) == len(titles)


def test_every_metric_that_processes_count_is_asked_for() -> None:
    """By the dashboard or by a rule that records it."""
    asked = " ".join([*QUERIES.values(), *(rule["expr"] for rule in EVERY)])
    assert [one.shown for one in (*COUNTED, *SAID) if one.shown not in asked] == []
