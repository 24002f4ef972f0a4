"""Which bands of a TIFF are its colours: those that the option names, that the file declares, or none, which is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tifffile import TiffPage

from ...errors import ImageError
from ...pixels.decoded import BANDS, Alpha, Space

_ALPHA: dict[int, Alpha] = {1: "premultiplied", 2: "straight"}
# GDAL's metadata, tag 42112: <Item name="COLORINTERP" sample="0" role="colorinterp">Red</Item>
_ROLE = re.compile(r'sample="(\d+)"[^>]*role="colorinterp"[^>]*>\s*(\w+)\s*<', re.IGNORECASE)


@dataclass(frozen=True)
class Bands:
    """``chosen``: numbers of the bands from 0, colours and then the alpha."""

    chosen: tuple[int, ...]
    space: Space
    alpha: Alpha
    facts: list[str]


def chosen_bands(page: TiffPage, space: Space, number: int, asked: tuple[int, ...]) -> Bands:
    """Of ``number`` bands. ``asked``: from 1, red, green and blue or one of grey; empty: as the file declares them."""
    colours = BANDS[space]
    extra = [int(sample) for sample in page.extrasamples or ()]
    alpha_at = next((place for place, sample in enumerate(extra) if sample in _ALPHA), None)
    without_alpha = number - (alpha_at is not None)
    if space in ("grey", "rgb") and without_alpha > colours:
        if asked:
            return _asked(asked, number)
        if space == "grey":
            if roles := _roles(page):
                return roles
            raise ImageError(
                f"it has {number} bands and does not say which are red, green and blue; choose them with: clipseek bundle "
                f"pictures BUNDLE OUT --bands {'3,2,1' if number > 2 else '1'}"
            )
    place = None if alpha_at is None else number - len(extra) + alpha_at
    chosen = (*range(colours), *(() if place is None or place < colours else (place,)))
    alpha: Alpha = "none" if len(chosen) == colours or alpha_at is None else _ALPHA[extra[alpha_at]]
    left = number - len(chosen)
    facts = [f"bands 1 to {colours} of {number}"] if left else []
    return Bands(chosen, space, alpha, facts)


def _asked(asked: tuple[int, ...], number: int) -> Bands:
    if max(asked) > number:
        raise ImageError(f"it has {number} bands, --bands asks for {','.join(map(str, asked))}")
    chosen = tuple(band - 1 for band in asked)
    space: Space = "grey" if len(chosen) == 1 else "rgb"
    return Bands(chosen, space, "none", [f"bands {','.join(map(str, asked))} of {number}"])


def _roles(page: TiffPage) -> Bands | None:
    """By GDAL's names of the bands, where it names a red, a green and a blue one."""
    found = {role.lower(): int(sample) for sample, role in _ROLE.findall(str(page.tags.valueof(42112, "")))}
    if not {"red", "green", "blue"} <= found.keys():
        return None
    chosen = tuple(found[name] for name in ("red", "green", "blue"))
    return Bands(chosen, "rgb", "none", [f"bands {','.join(str(band + 1) for band in chosen)} by GDAL's names"])
