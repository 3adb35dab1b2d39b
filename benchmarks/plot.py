"""Pictures as SVG, written by hand: a scatter, a line, bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP = 720, 360, 80, 40
_RIGHT, _BOTTOM = WIDTH - 20, HEIGHT - 50


def _scale(low: float, high: float, start: float, end: float) -> tuple[float, float]:
    """The factor and the offset that take ``low`` to ``start`` and ``high`` to ``end``."""
    factor = (end - start) / ((high - low) or 1.0)
    return factor, start - low * factor


def _frame(title: str, x_label: str, y_label: str, marks: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<text x="{WIDTH / 2}" y="22" text-anchor="middle" font-size="15">{escape(title)}</text>'
        f'<text x="{(LEFT + _RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
        f'<text transform="translate(16 {(TOP + _BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text>"
        f'<path d="M{LEFT} {TOP}V{_BOTTOM}H{_RIGHT}" fill="none" stroke="#444"/>'
        f"{marks}{body}</svg>\n"
    )


def _y_marks(high: float) -> str:
    factor, offset = _scale(0, high, _BOTTOM, TOP)
    marks = ""
    for part in range(6):
        value = high * part / 5
        y = value * factor + offset
        marks += (
            f'<path d="M{LEFT} {y:.1f}H{_RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.4g}</text>'
        )
    return marks


def _x_marks(low: float, high: float) -> str:
    factor, offset = _scale(low, high, LEFT, _RIGHT)
    return "".join(
        f'<text x="{value * factor + offset:.1f}" y="{_BOTTOM + 18}" text-anchor="middle">'
        f"{value:,.4g}</text>"
        for value in (low + (high - low) * part / 5 for part in range(6))
    )


def scatter(title: str, x_label: str, y_label: str, points: Sequence[tuple[float, float]]) -> str:
    """Draw points in the order of x: of many the highest of each few, so that the file stays small
    and shows the worst."""
    few = max(1, len(points) // 1500)
    points = [max(points[at : at + few], key=lambda p: p[1]) for at in range(0, len(points), few)]
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    top = max(y for _, y in points) or 1.0
    fx, ox = _scale(low, high, LEFT, _RIGHT)
    fy, oy = _scale(0, top, _BOTTOM, TOP)
    body = "".join(f"M{x * fx + ox:.1f} {max(y, 0) * fy + oy:.1f}h1.5" for x, y in points)
    path = f'<path d="{body}" stroke="#06c" stroke-width="1.5"/>'
    return _frame(title, x_label, y_label, _y_marks(top) + _x_marks(low, high), path)


def cumulative(title: str, moments_ms: Sequence[float]) -> str:
    """Draw how many things had happened at each moment, from the first on."""
    first = moments_ms[0]
    points = [(at - first, float(number + 1)) for number, at in enumerate(moments_ms)]
    return scatter(title, "ms", "so far", points)


def bars(title: str, y_label: str, values: Mapping[str, float]) -> str:
    """Draw one bar for each name."""
    top = max(values.values()) or 1.0
    factor, offset = _scale(0, top, _BOTTOM, TOP)
    step = (_RIGHT - LEFT) / len(values)
    body = ""
    for number, (name, value) in enumerate(values.items()):
        x, y = LEFT + step * (number + 0.5), value * factor + offset
        body += (
            f'<rect x="{x - step * 0.3:.1f}" y="{y:.1f}" width="{step * 0.6:.1f}" '
            f'height="{_BOTTOM - y:.1f}" fill="#06c"/>'
            f'<text x="{x:.1f}" y="{y - 4:.1f}" text-anchor="middle">{value:,.5g}</text>'
            f'<text x="{x:.1f}" y="{_BOTTOM + 18}" text-anchor="middle">{escape(name)}</text>'
        )
    return _frame(title, "", y_label, _y_marks(top), body)
