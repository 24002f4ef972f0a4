"""Before and after: the talk's table over the held-out pairs, computed by this run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clipseek.demo.story import Story
from clipseek.encoder import ClipEncoder
from clipseek.evaluation import Scores, before_after, in_batches, whole_gallery
from clipseek.export.models import embed_with_bundle
from clipseek.sources import read_records
from clipseek.training.data.pairs import Pairs, load_pairs

#: Manifest -> its title in the table. What recipes were compared on is validation, whatever it was split off for.
SHEETS = {
    "fresh-test": "line icons, test",
    "domain-test": "line icons, second validation",
    "general-test": "general pictures, test",
}


#: Below the table: the talk's own figures are those of the other direction.
DIRECTION = "Pictures ranked for a caption (the talk: captions for a picture); no batch holds two pairs of an equal caption or group."


def both(pairs: Pairs, texts: Any, pictures: Any) -> tuple[Scores, Scores]:
    """Vectors of the captions and of the distinct pictures: pictures ranked for a caption, in batches of 64 and over the whole
    gallery."""
    images = pictures[pairs.shown_pictures()[1]]
    return in_batches(texts, images, pairs.groups), whole_gallery(texts, images, pairs.groups)


def table(story: Story, encoder: ClipEncoder, before: Path | None) -> str:
    """The table of the tuned model, with the base's rows above where ``before`` (JSON of this machine's run) is given."""
    known = json.loads(before.read_text("utf-8")) if before is not None else {}
    rows: list[tuple[str, str, Scores]] = []
    for name, title in SHEETS.items():
        pairs = load_pairs(read_records(story.manifest(name)), encoder.bundle.image)
        after = both(pairs, *embed_with_bundle(encoder, pairs))
        for at, where in enumerate(("in batches of 64", "whole gallery")):
            if name in known:
                rows.append((f"{title}, {where}", "before", _scores(known[name][at])))
            rows.append((f"{title}, {where}", "after", after[at]))
    return f"{before_after(rows)}\n{DIRECTION}"


def _scores(fields: dict[str, Any]) -> Scores:
    numbers = {name: {int(k): v for k, v in fields[name].items()} for name in ("mrr", "recall")}
    return Scores(fields["queries"], fields["gallery"], numbers["mrr"], numbers["recall"], fields["median_rank"])
