"""The catalogue: names and labels are those of the field, and there are few of them."""

from __future__ import annotations

import re

from app.domain.occurrence import OccurrenceStatus
from app.engine.attempt_meter import CLASSES
from app.metrics import catalogue
from app.metrics.family import HISTOGRAM, SEPARATOR

IDS = re.compile(r"(^|_)(id|event|occurrence|name|tag|target|url|host|sub|token)($|_)")


def test_every_family_has_a_name_of_its_own() -> None:
    shown = [family.shown for family in catalogue.FAMILIES]
    assert len(set(shown)) == len(shown)
    assert all(re.fullmatch(r"qhronos_[a-z_]+", one) for one in shown)


def test_no_label_is_what_users_choose() -> None:
    """Labels of that kind have no end of values, and each is a series that Prometheus keeps.

    Tags and targets are labels of those families alone that have what the settings list.
    """
    for family in catalogue.FAMILIES:
        chosen = [label for label in family.labels if IDS.search(label)]
        assert chosen == ([family.labels[0]] if family in catalogue.LISTED else []), family.name


def test_what_is_known_has_the_family_s_labels_and_can_be_kept() -> None:
    for family in catalogue.FAMILIES:
        for labels in family.known:
            assert len(labels) == len(family.labels), family.name
            assert SEPARATOR not in "".join(labels)


def test_bounds_rise() -> None:
    for family in catalogue.FAMILIES:
        assert list(family.bounds) == sorted(set(family.bounds)), family.name
        assert bool(family.bounds) == (family.kind == HISTOGRAM)


def test_there_is_a_gauge_for_each_status() -> None:
    assert set(catalogue.OCCURRENCES) == set(OccurrenceStatus)
    assert set(catalogue.VERDICTS) <= set(OccurrenceStatus)


def test_every_text_is_a_sentence() -> None:
    assert [one.name for one in catalogue.FAMILIES if not one.text.endswith((".", "code."))] == []
    assert len(CLASSES) == 10
