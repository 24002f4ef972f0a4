"""Small charts as inline SVG, coloured by the page's style: figures against k, and ranks before against ranks after."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from clipseek.evaluation.judgments import Ints

WIDTH, HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 14, 34


@dataclass(frozen=True)
class Curve:
    """``values``: one for each k = 1, 2, … ``style``: classes of the page's style sheet."""

    label: str
    values: Sequence[float]
    style: str


def curves_svg(title: str, curves: Sequence[Curve]) -> str:
    """Curves over k, from 0 to the next line of the grid above the highest value."""
    depth = max(len(curve.values) for curve in curves)
    highest = max(max(curve.values) for curve in curves)
    unit = next((size for size in (0.05, 0.1) if highest <= 6 * size), 0.2)
    lines = max(1, int(np.ceil(highest / unit - 1e-9)))
    top = lines * unit
    parts = []
    for step in range(lines + 1):
        y = _y(step / lines)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{step * unit:.2f}</text>')
    for k in sorted({1, *range(5, depth + 1, 5)}):
        parts.append(
            f'<text x="{_x((k - 1) / max(1, depth - 1)):.1f}" y="{HEIGHT - 14}" text-anchor="middle">{k}</text>'
        )
    for curve in curves:
        points = [(_x(at / max(1, depth - 1)), _y(value / top)) for at, value in enumerate(curve.values)]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        tip = f"{curve.label}: {curve.values[0]:.3f} at 1, {curve.values[-1]:.3f} at {len(curve.values)}"
        line = f'<polyline class="{curve.style}" points="{drawn}"/>'
        parts.append(f"<g><title>{html.escape(tip)}</title>{line}</g>")
    return _chart(title, "k", parts)


def ranks_svg(title: str, before: Ints, after: Ints, gallery: int) -> str:
    """A point for each query, logarithmic: rank before to the right, rank after downwards; above the line is better."""
    span = np.log(max(2, gallery + 1))
    parts = [f'<line class="even" x1="{_x(0)}" y1="{_y(1)}" x2="{_x(1)}" y2="{_y(0)}"/>']
    ticks = [tick for tick in (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000) if tick <= gallery]
    for tick in ticks:
        share = np.log(tick) / span
        parts.append(f'<text x="{_x(share):.1f}" y="{HEIGHT - 14}" text-anchor="middle">{tick:,}</text>')
        parts.append(f'<text x="{_LEFT - 6}" y="{_y(1 - share) + 4:.1f}" text-anchor="end">{tick:,}</text>')
    # Equal points once; a path of round dots is a tenth of so many circles.
    points = sorted(set(zip(before.tolist(), after.tolist(), strict=True)))
    dots = "".join(f"M{_x(np.log(x) / span):.1f} {_y(1 - np.log(y) / span):.1f}h0" for x, y in points)
    parts.append(f'<path class="dots" d="{dots}"/>')
    return _chart(title, "rank before (to the right) and after (downwards)", parts)


def _chart(title: str, axis: str, parts: Sequence[str]) -> str:
    label = f'<text x="{(WIDTH + _LEFT) / 2}" y="{HEIGHT - 1}" text-anchor="middle">{html.escape(axis)}</text>'
    return (
        f'<figure class="chart panel"><figcaption>{html.escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">{"".join(parts)}{label}</svg></figure>'
    )


def _x(share: float) -> float:
    return float(_LEFT + share * (WIDTH - _LEFT - _RIGHT))


def _y(share: float) -> float:
    return float(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM))
