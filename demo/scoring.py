"""Before and after: the talk's table over the held-out pairs, computed by this run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clipseek.demo.story import Story
from clipseek.encoder import ClipEncoder
from clipseek.encoder.run.pairs import encode_pairs
from clipseek.evaluation import Scores, before_after, in_batches, whole_gallery
from clipseek.sources import read_records

SHEETS = {"domain-test": "held-out line icons", "general-test": "held-out general"}


def both(texts: Any, images: Any, groups: list[str]) -> tuple[Scores, Scores]:
    """In batches of 64 as in the talk, and over the whole gallery."""
    return in_batches(texts, images, groups), whole_gallery(texts, images, groups)


def table(story: Story, encoder: ClipEncoder, before: Path | None) -> str:
    """The table of the tuned model, with the base's rows above where ``before`` (JSON of this machine's run) is given."""
    known = json.loads(before.read_text("utf-8")) if before is not None else {}
    rows: list[tuple[str, str, Scores]] = []
    for name, title in SHEETS.items():
        records = read_records(story.manifest(name))
        texts, images, groups, _ = encode_pairs(encoder, ((r.image, r.captions, r.group) for r in records))
        after = both(texts, images, groups)
        for at, where in enumerate(("in batches of 64", "whole gallery")):
            if name in known:
                rows.append((f"{title}, {where}", "before", _scores(known[name][at])))
            rows.append((f"{title}, {where}", "after", after[at]))
    return before_after(rows)


def _scores(fields: dict[str, Any]) -> Scores:
    numbers = {name: {int(k): v for k, v in fields[name].items()} for name in ("mrr", "recall")}
    return Scores(fields["queries"], fields["gallery"], numbers["mrr"], numbers["recall"], fields["median_rank"])
