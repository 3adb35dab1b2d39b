"""A badge as a picture."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from app.domain.badge import BAD, FAIR, GOOD, MAX_LABEL, NONE, Badge

SVG = "{http://www.w3.org/2000/svg}"


def texts(badge: Badge) -> list[str | None]:
    return [one.text for one in ET.fromstring(badge.svg()).iter(f"{SVG}text")]  # noqa: S314 - ours


def test_it_says_the_same_in_its_title() -> None:
    root = ET.fromstring(Badge("billing", "99.98% delivered", GOOD).svg())  # noqa: S314 - ours
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == root.get("aria-label") == "billing: 99.98% delivered"
    assert root.get("role") == "img"


@pytest.mark.parametrize(
    "tag", ["</svg><script>alert(1)</script>", '"onload="x', "a & b", "'", "]]>", "ü 日本"]
)
def test_a_tag_is_text_and_nothing_else(tag: str) -> None:
    badge = Badge(tag, "ok", GOOD)
    assert texts(badge) == [tag, "ok"]
    root = ET.fromstring(badge.svg())  # noqa: S314 - ours
    names = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert names == {"svg", "title", "rect", "path", "g", "text"}
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on")]


def test_a_tag_can_turn_nothing_round_and_is_cut() -> None:
    assert texts(Badge("a\u202eb", "ok", GOOD)) == ["a b", "ok"]
    assert texts(Badge("a\ufffe\uffffb", "ok", GOOD)) == ["a\ufffd\ufffdb", "ok"]
    (label, _) = texts(Badge("x" * 64, "ok", GOOD))
    assert label == "x" * (MAX_LABEL - 1) + "…"


@pytest.mark.parametrize("colour", [GOOD, FAIR, BAD, NONE, "#3d444d"])
def test_white_can_be_read_on_each_colour(colour: str) -> None:
    """WCAG 2.2, 1.4.3."""

    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5


def test_its_fields_are_as_wide_as_what_they_say() -> None:
    def width(label: str) -> int:
        return int(ET.fromstring(Badge(label, "ok", GOOD).svg()).attrib["width"])  # noqa: S314

    assert width("iii") < width("aaa") < width("mmm") < width("日日日")
    assert width("e\u0301") == width("e")
