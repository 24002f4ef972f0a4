"""From candidates to pairs: cleaned, rendered, without blanks and repetitions, capped."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from clipseek.demo.concepts import concept_of, split_of
from numpy.typing import NDArray

from ..shipped import Item
from .captions import caption_of
from .check import Rendered, best_forms
from .general import Candidate
from .svg import cleaned, decimals_for, rounded, square


@dataclass(frozen=True, slots=True)
class Rules:
    """What a drawing must be to enter."""

    coloured: bool
    largest: int = 24_000
    """Characters of SVG; more is left out."""
    least_ink: float = 0.012
    least_hue: float = 0.08
    same: float = 1.5
    """Mean difference of two thumbnails (0-255) below which one of the two goes, within a concept."""
    caps: Mapping[str, int] | None = None


def forms(candidate: Candidate) -> tuple[str, str]:
    """The drawing's SVG exactly, and with shortened numbers."""
    drawing = candidate.drawing
    body = cleaned(drawing.body)
    return square(body, drawing.box), square(rounded(body, decimals_for(max(drawing.box[2:]))), drawing.box)


def build(candidates: Iterable[Candidate], rules: Rules, dropped: Counter[str], workers: int = 2) -> list[Item]:
    """The pairs of `candidates`; `dropped` counts reasons."""
    kept: list[Candidate] = []
    shapes: list[tuple[str, str]] = []
    for candidate in candidates:
        form = forms(candidate)
        if len(form[1]) <= rules.largest and not any(mark in form[1] for mark in ("<image", "data:", "<text")):
            kept.append(candidate)
            shapes.append(form)
        else:
            dropped["too large or not only shapes"] += 1
    thumbs: dict[str, list[NDArray[np.uint8]]] = defaultdict(list)
    order: list[tuple[Candidate, str, str, Rendered]] = []
    for candidate, result in zip(kept, best_forms(shapes, workers), strict=True):
        if result is None:
            dropped["cannot be drawn"] += 1
            continue
        svg, seen = result
        if len(svg) > rules.largest * 1.5:
            dropped["too large or not only shapes"] += 1
        elif seen.ink < rules.least_ink:
            dropped["blank on white"] += 1
        elif rules.coloured and seen.colour < rules.least_hue and candidate.kind not in ("emoji", "clipart"):
            dropped["without colour"] += 1
        else:
            concept = concept_of(candidate.title)
            if any(np.abs(seen.thumb.astype(np.int16) - other).mean() < rules.same for other in thumbs[concept]):
                dropped["same picture, same concept"] += 1
                continue
            thumbs[concept].append(seen.thumb)
            order.append((candidate, svg, concept, seen))
    return _finished(order, rules, dropped)


def _finished(order: list[tuple[Candidate, str, str, Rendered]], rules: Rules, dropped: Counter[str]) -> list[Item]:
    held = {seen.digest for _, _, concept, seen in order if split_of(concept) != "train"}
    pairs: list[Item] = []
    names: Counter[str] = Counter()  # openclipart has files of one name in several folders
    for candidate, svg, concept, seen in order:
        split = split_of(concept)
        if split == "train" and seen.digest in held:
            dropped["same picture as a held-out one"] += 1
            continue
        drawing = candidate.drawing
        name = f"{drawing.set}/{drawing.name}"
        names[name] += 1
        pairs.append(
            Item(
                name if names[name] == 1 else f"{name}-{names[name]}",
                drawing.set,
                candidate.kind,
                caption_of(candidate.title, candidate.tags),
                concept,
                split,
                svg,
            )
        )
    return capped(pairs, rules.caps or {}, dropped)


def capped(pairs: list[Item], caps: Mapping[str, int], dropped: Counter[str]) -> list[Item]:
    """At most `caps[set]` pairs of a set, chosen by the hash of their concepts, so that no alphabet decides."""
    sizes = Counter(p.set for p in pairs)
    chosen: dict[str, set[str]] = {}
    for name, cap in caps.items():
        if sizes[name] > cap:
            mine = sorted((p for p in pairs if p.set == name), key=by_hash)
            chosen[name] = {p.id for p in mine[:cap]}
            dropped["over its set's cap"] += sizes[name] - cap
    return [p for p in pairs if p.set not in chosen or p.id in chosen[p.set]]


def by_hash(pair: Item) -> bytes:
    """A key to sort by that no alphabet decides."""
    return hashlib.sha1(pair.id.encode(), usedforsecurity=False).digest()
