"""How much each clause of a search counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

CAPTION, VECTOR = "caption", "vector"  # names of the two clauses of a usual hybrid
#: OpenSearch takes no more clauses in a hybrid.
MAX_CLAUSES = 5


def split_weights(
    vectors: float,
    text_weight: float,
    *,
    caption: bool,
    texts: Sequence[float],
    pictures: Sequence[float],
    likes: Sequence[float],
) -> dict[str, float]:
    """The weight of each clause by its name, in their order, summing to 1, where every text, picture and id is a clause of its own.

    As in one composed vector: the vectors have the share ``vectors`` beside the caption, the texts the share ``text_weight``
    of it beside pictures and ids, each by its own weight.
    """
    parts = [*_named("words", texts), *_named("picture", pictures), *_named("like", likes)]
    others = sum(pictures) + sum(likes)
    of_texts = (text_weight if others else 1.0) / (sum(texts) or 1.0)
    of_others = (1 - text_weight if texts else 1.0) / (others or 1.0)
    whole = vectors if caption else 1.0
    found = {CAPTION: 1 - vectors} if caption else {}
    for at, (name, weight) in enumerate(parts):
        found[name] = whole * weight * (of_texts if at < len(texts) else of_others)
    return found


def _named(name: str, weights: Sequence[float]) -> list[tuple[str, float]]:
    """``picture`` where there is one of them, else ``picture 1``, ``picture 2``."""
    if len(weights) == 1:
        return [(name, weights[0])]
    return [(f"{name} {number}", weight) for number, weight in enumerate(weights, 1)]
