"""A query's vectors, by the names of the clauses that search with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from ..errors import InvalidOption
from ..protocols import AnyEncoder
from .compose import Vector, compose, weighted_mean
from .limits import CAPTION, VECTOR
from .query import Query

LoadEncoder: TypeAlias = Callable[[], "AnyEncoder | None"]
LoadStored: TypeAlias = Callable[[Sequence[str]], Mapping[str, Vector]]


def query_vectors(query: Query, load_encoder: LoadEncoder, load_stored: LoadStored) -> dict[str, Vector]:
    """Each vector clause's (D,) unit vector; none of a caption search.

    load_encoder: the encoder, or None where there is none; called where something must be encoded.
    load_stored: the (D,) unit vectors of the index's own pictures, by their ids.

    Raises InvalidOption for an unreadable picture, and where a model is needed and there is none.
    """
    if query.resolved_kind == "caption":
        return {}
    stored, encoder = load_stored(query.ids), load_encoder() if query.needs_model else None
    if encoder is None and query.needs_model:
        raise InvalidOption(
            f"a {query.resolved_kind} search needs a model; name its bundle, or search by caption alone"
        )
    texts = [*query.all_texts, *((text, 1.0) for text in query.unwanted)]
    encoded = list(encoder.encode_texts([text for text, _ in texts])) if encoder is not None and texts else []
    words = [(weight, vector) for (_, weight), vector in zip(query.all_texts, encoded, strict=False)]
    away = [
        *((1.0, vector) for vector in encoded[len(words) :]),
        *((weight, stored[name]) for name, weight in query.unlike),
    ]
    pictures = [*_encoded_pictures(query, encoder), *((weight, stored[name]) for name, weight in query.like)]
    if query.is_split:
        names = [name for name in query.clause_names if name != CAPTION]
        vectors = [vector for _, vector in (*words, *pictures)]
        return {
            name: compose(vector, (), away, away_weight=query.not_weight)
            for name, vector in zip(names, vectors, strict=True)
        }
    text = words[0][1] if len(words) == 1 else weighted_mean(words) if words else None
    return {VECTOR: compose(text, pictures, away, text_weight=query.text_weight, away_weight=query.not_weight)}


def _encoded_pictures(query: Query, encoder: AnyEncoder | None) -> list[tuple[float, Vector]]:
    """The query's own pictures as vectors, with their weights."""
    if encoder is None or not query.all_pictures:
        return []
    try:
        loaded = [encoder.load_picture(data) for data, _ in query.all_pictures]
    except ValueError as problem:
        raise InvalidOption(f"the query picture cannot be used: {problem}") from None
    rows = np.asarray(encoder.encode_pictures(loaded))
    return [(weight, row) for (_, weight), row in zip(query.all_pictures, rows, strict=True)]
