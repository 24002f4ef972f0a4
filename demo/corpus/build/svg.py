"""SVG text: made self-contained and square, and small enough that tens of thousands fit in a few megabytes."""

from __future__ import annotations

import re
from itertools import count, product
from string import ascii_letters

_COMMENT = re.compile(r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*(\[.*?\])?\s*>", re.S)
_NOISE = re.compile(
    r"<(metadata|title|desc|sodipodi:namedview|sodipodi:guide|inkscape:perspective|inkscape:path-effect)\b[^>]*?(/>|>.*?</\1\s*>)",
    re.S,
)
_ANIMATION = re.compile(r"<(animate|animateTransform|animateMotion|set)\b[^>]*?(/>|>.*?</\1\s*>)", re.S)
_EDITOR = re.compile(
    r"""\s(?:sodipodi|inkscape|rdf|cc|dc|xml|serif|sketch|i|a|ns\d|xmlns):[\w.-]+\s*=\s*("[^"]*"|'[^']*')"""
)
_EDITOR_ATTR = re.compile(r"""\s(?:data-[\w-]+|class|enable-background)="[^"]*\"""")
_SPACE_BETWEEN = re.compile(r">\s+<")
_SPACES = re.compile(r"\s+")
_ID = re.compile(r"""\bid\s*=\s*["']([^"']+)["']""")
_TRANSFORM = re.compile(r"""(\b(?:gradientT|patternT|t)ransform\s*=\s*"[^"]*")""")
_EMPTY_GROUP = re.compile(r"<(g|defs)\b[^>]*?(/>|>\s*</\1>)")


def _names() -> list[str]:
    singles = list(ascii_letters)
    return singles + ["".join(pair) for pair in product(singles, singles)]


_SHORT = _names()


def shorten_ids(body: str) -> str:
    """`body` with its referenced ids renamed a, b, c … and the others removed."""
    taken: dict[str, str] = {}
    numbers = count()
    for name in _ID.findall(body):
        if name in taken:
            continue
        used = re.search(rf"#{re.escape(name)}(?=[\"')\s])", body)
        at = next(numbers) if used else -1
        taken[name] = "" if at < 0 else _SHORT[at] if at < len(_SHORT) else f"z{at}"

    def renamed(match: re.Match[str]) -> str:
        new = taken[match[1]]
        return f'id="{new}"' if new else ""

    body = _ID.sub(renamed, body)
    return re.sub(r"#([^\"')\s]+)(?=[\"')\s])", lambda m: "#" + (taken.get(m[1]) or m[1]), body)


def rounded(body: str, decimals: int) -> str:
    """Numbers outside transforms to `decimals` places.

    Only the digits behind the point are touched, and at least one stays, so compact path data (arc flags run together, `1.5.5`) keep their meaning.
    """
    fraction = re.compile(rf"\.(\d{{{decimals}}})(\d+)(?![\d]*[eE])")

    def cut(match: re.Match[str]) -> str:
        kept = int(match[1])
        if match[2][0] >= "5" and kept < 10**decimals - 1:
            kept += 1
        return "." + (str(kept).zfill(decimals).rstrip("0") or "0")

    return "".join(part if i % 2 else fraction.sub(cut, part) for i, part in enumerate(_TRANSFORM.split(body)))


def cleaned(body: str) -> str:
    """`body` without comments, metadata, editor attributes, animation and needless space; currentColor becomes black."""
    body = _COMMENT.sub("", body)
    body = _NOISE.sub("", body)
    body = _ANIMATION.sub("", body)
    if "<style" not in body:
        body = _EDITOR_ATTR.sub("", body)
    body = _SPACE_BETWEEN.sub("><", _SPACES.sub(" ", body)).strip()
    body = _EMPTY_GROUP.sub("", body)
    return shorten_ids(body).replace("currentColor", "#000")


def decimals_for(side: float) -> int:
    """Places that keep a drawing of this view box's side exact to about 1/50 pixel at 96 px."""
    return 1 if side >= 96 else 2 if side >= 10 else 3


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def square(body: str, box: tuple[float, float, float, float]) -> str:
    """A self-contained square SVG of `body`, drawn within the view box `box` (left, top, width, height) and centred."""
    left, top, width, height = box
    xlink = ' xmlns:xlink="http://www.w3.org/1999/xlink"' if "xlink:" in body else ""
    head = f'<svg xmlns="http://www.w3.org/2000/svg"{xlink} viewBox="'
    if abs(width - height) <= 0.002 * max(width, height):
        return f'{head}{" ".join(map(_number, box))}">{body}</svg>'
    side = max(width, height)
    outer = f"{_number(left - (side - width) / 2)} {_number(top - (side - height) / 2)} {_number(side)} {_number(side)}"
    inner = f'x="{_number(left)}" y="{_number(top)}" width="{_number(width)}" height="{_number(height)}" viewBox="{" ".join(map(_number, box))}"'
    return f'{head}{outer}"><svg {inner}>{body}</svg></svg>'
