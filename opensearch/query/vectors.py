"""A query's vectors, by the names of the clauses that search with them; words and pictures, wanted and not, in one vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidOption
from ..protocols import AnyEncoder, CutsTexts
from .limits import CAPTION, MAX_WEIGHT, MIN_WEIGHT, VECTOR
from .query import Query

Vector: TypeAlias = NDArray[np.float32]
LoadStored: TypeAlias = Callable[[Sequence[str]], Mapping[str, Vector]]


def query_vectors(
    query: Query, load_encoder: Callable[[], AnyEncoder | None], load_stored: LoadStored
) -> dict[str, Vector]:
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


def cut_words(query: Query, load_encoder: Callable[[], AnyEncoder | None]) -> tuple[str, ...]:
    """A note for the person who searches, where words are longer than the model reads: the caption clause has all of them."""
    texts = [*(text for text, _ in query.all_texts), *query.unwanted]
    if query.resolved_kind == "caption" or not query.needs_model or not texts:
        return ()
    encoder = load_encoder()
    if not isinstance(encoder, CutsTexts) or not (cut := encoder.count_cut(texts)):
        return ()
    which = "the text is" if len(texts) == 1 else f"{cut} of {len(texts)} texts are" if cut > 1 else "a text is"
    rest = "" if query.resolved_kind == "vector" else "; captions are searched for all of it"
    return (
        f"{which} longer than the {encoder.context_length} tokens the model reads: its vector is of the beginning{rest}",
    )


def _encoded_pictures(query: Query, encoder: AnyEncoder | None) -> list[tuple[float, Vector]]:
    """The query's own pictures as vectors, with their weights."""
    if encoder is None or not query.all_pictures:
        return []
    try:
        loaded = [encoder.load_picture(picture.data, picture.crop) for picture in query.all_pictures]
    except ValueError as problem:
        raise InvalidOption(f"the query picture cannot be used: {problem}") from None
    rows = np.asarray(encoder.encode_pictures(loaded))
    return [(picture.weight, row) for picture, row in zip(query.all_pictures, rows, strict=True)]


def compose(
    text: Vector | None,
    pictures: Sequence[tuple[float, Vector]] = (),
    away: Sequence[tuple[float, Vector]] = (),
    *,
    text_weight: float = 0.5,
    away_weight: float = 0.5,
) -> Vector:
    """The (D,) unit vector of a weighted sum of (D,) unit vectors.

    The words have the share ``text_weight`` and the pictures the rest, each by its own weight; where only one of the two is there,
    it is all. From that sum ``away_weight`` times the mean of what is not wanted, each by its own weight, is subtracted. Raises
    InvalidOption where nothing is left to point anywhere.
    """
    if text is None and not pictures:
        raise InvalidOption("only what is not wanted was given; say what is, in words, with --image or with --like")
    parts: list[Vector] = []
    if text is not None:
        parts.append((text_weight if pictures else 1.0) * text)
    if pictures:
        parts.append((1 - text_weight if text is not None else 1.0) * weighted_mean(pictures))
    if away:
        parts.append(-away_weight * weighted_mean(away))
    total = np.sum(parts, axis=0)
    length = float(np.linalg.norm(total))
    if not np.isfinite(length) or length < 1e-6:
        raise InvalidOption(
            "the parts of the query cancel each other out; leave one out, or change --text-weight or --not-weight"
        )
    return np.asarray(total / length, np.float32)


def weighted_mean(parts: Sequence[tuple[float, Vector]]) -> Vector:
    """Of (D,) vectors with their weights; shorter than they are where they point apart."""
    total = sum(weight for weight, _ in parts)
    return np.asarray(np.sum([weight * vector for weight, vector in parts], axis=0) / total, np.float32)


def read_weight(text: str) -> tuple[str, float]:
    """``a.jpg@0.5`` is ("a.jpg", 0.5), ``a.jpg`` is ("a.jpg", 1.0); a name that itself ends so is written ``name@2@1``.

    Raises InvalidOption for a weight that is not between 0.001 and 1,000.
    """
    name, at, written = text.rpartition("@")
    try:
        weight = float(written) if at and name and "_" not in written else None
    except ValueError:
        weight = None
    if weight is None:
        return text, 1.0
    if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
        raise InvalidOption(f"weight {written[:40]} of {name[:80]!r} cannot be used; give {MIN_WEIGHT} to {MAX_WEIGHT}")
    return name, weight
