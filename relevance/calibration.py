"""The cut-off: from which cosine on a hit is worth showing, learnt from queries that nothing in the index answers.

The score that is cut on is the cosine of the query's vector and the picture's. It means the same in every query and every index of
one model; BM25 has no upper end and grows with the number of words, and a fused score is relative to its own query's candidates,
so that the best of nothing looks like the best of something.

A background query is a false positive if its best hit reaches the cut-off. Fewer pictures (a filter) or another order (a hybrid)
can only take such hits away, so that the rate of a vector search over the whole index is the most that any search has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import opensearchpy
from clipseek.evaluation.bootstrap import Floats, intervals
from clipseek.evaluation.judgments import Ints
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.vectors import stored_ids
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.protocols import AnyEncoder
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.search.browse import count_pictures
from clipseek.opensearch.search.hits import cosine
from numpy.typing import NDArray

from .cut_hybrids import CutHybrids, cut_hybrids
from .hnsw_recall import all_scores, hnsw_body
from .labelled_queries import LabelledQuery, groups_of, in_index

LEAST_QUERIES, FOLDS = 100, 5
#: False-positive rates that are reported beside the chosen one, where the background can tell them.
RATES = (0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class OperatingPoint:
    """What a cut-off does.

    ``rate`` is the false-positive rate that it was learnt for; ``unseen`` the share of background queries that reach a cut-off
    learnt without them. ``answered``: share of held-out queries with a hit that reaches ``cosine``; ``kept``: share whose right
    picture does.
    """

    rate: float
    cosine: float
    unseen: float
    answered: float
    kept: float


@dataclass(frozen=True)
class CutOff(OperatingPoint):
    """The chosen cut-off, as the index keeps it (``Version.calibration``), with what it was learnt from.

    ``unseen_interval``: the 95 % interval of ``unseen``. ``background``: number of background queries; ``hidden``: they are the
    held-out queries with their right pictures hidden. ``pairs``: number of held-out queries; ``pictures``: in the index.
    """

    unseen_interval: tuple[float, float]
    background: int
    hidden: bool
    pairs: int
    pictures: int
    sources: tuple[str, ...]


@dataclass(frozen=True)
class CalibrationReport:
    """``rates``: every rate that was tried. ``hybrids``: what the cut-off does in them. ``written``: whether the index now has the
    cut-off.
    """

    cut: CutOff
    rates: tuple[OperatingPoint, ...]
    hybrids: CutHybrids
    written: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def calibrate(
    client: opensearchpy.OpenSearch,
    version: Version,
    encoder: AnyEncoder,
    held_out: Sequence[LabelledQuery],
    background: Sequence[LabelledQuery] | None = None,
    *,
    rate: float = 0.05,
    sources: Sequence[str] = (),
    write: bool = True,
) -> CalibrationReport:
    """Learn the cut-off that the share ``rate`` of background queries reaches, and keep it in the index.

    Without ``background`` the held-out queries are searched again with their right pictures hidden, which shows how near the next
    best comes. ``sources``: where the queries come from, for the record. Without ``write`` the index stays as it is. Raises
    InvalidOption for fewer than LEAST_QUERIES of either kind, ModelMismatch, and the errors of the tree.
    """
    stored = stored_ids(client, version, [name for query in held_out for name in query.grades])
    judged = in_index(held_out, stored)
    unanswered = judged if background is None else background
    for what, queries in (("held-out pairs in the index", judged), ("background queries", unanswered)):
        if len(queries) < LEAST_QUERIES:
            raise InvalidOption(
                f"{len(queries)} {what} are too few to learn a cut-off from; give at least {LEAST_QUERIES}"
            )
    version.check_model(encoder.fingerprint, encoder.dimension)
    vectors = encoder.encode_texts([query.words for query in judged])
    right = [list(query.grades) for query in judged]
    best = best_cosines(client, version, vectors)
    best_right = best_cosines(client, version, vectors, [[{"ids": {"values": ids}}] for ids in right])
    if background is None:
        unanswered = [replace(query, excluded=tuple(ids)) for query, ids in zip(judged, right, strict=True)]
        of_unanswered = vectors
        others = best_cosines(client, version, vectors, [without_ids(ids) for ids in right])
    else:
        of_unanswered = encoder.encode_texts([query.words for query in background])
        others = best_cosines(client, version, of_unanswered)
    groups = groups_of(unanswered)  # they stay in one fold
    rates = sorted({rate, *(other for other in RATES if other * len(others) >= 20)})
    points = {each: operating_point(each, others, groups, best, best_right) for each in rates}
    low, high = intervals(reached_unseen(others, groups, rate)[:, None].astype(float), clusters=groups)[0].tolist()
    chosen = CutOff(
        **asdict(points[rate]),
        unseen_interval=(low, high),
        background=len(others),
        hidden=background is None,
        pairs=len(judged),
        pictures=count_pictures(client, version)[0],
        sources=tuple(sources),
    )
    hybrids = cut_hybrids(client, version, chosen.cosine, (judged, vectors), (unanswered, of_unanswered))
    if write:
        versions.write_meta(client, version, "calibration", asdict(chosen))
    return CalibrationReport(chosen, tuple(points.values()), hybrids, write)


def cut(best: Floats, rate: float) -> float:
    """The cosine that the best hit of a further background query reaches with a probability of at most ``rate``.

    best: (B,) cosines of the best hits of background queries. The ceil((B + 1)(1 - rate))-th smallest is exceeded with at most that
    probability, whatever their distribution (split conformal prediction: Vovk, Gammerman, Shafer 2005); the cut-off is the next
    larger number. Raises InvalidOption where B is too small for the rate.
    """
    if not 0 < rate < 1:
        raise InvalidOption(f"false-positive rate {rate} is not between 0 and 1; give one like 0.05")
    place = math.ceil((len(best) + 1) * (1 - rate) - 1e-9)
    if place > len(best):
        needed = math.ceil(1 / rate) - 1
        raise InvalidOption(f"{len(best)} background queries are too few for the rate {rate}; give at least {needed}")
    return float(np.nextafter(np.sort(best)[place - 1], np.inf))


def reached_unseen(best: Floats, groups: Ints, rate: float) -> NDArray[np.bool_]:
    """(B,) bool: whether each background query reaches the cut-off that was learnt from the other folds.

    groups: (B,) int64, queries of equal numbers stay in one fold. Raises InvalidOption for fewer groups than FOLDS, and as ``cut``.
    """
    names, codes = np.unique(groups, return_inverse=True)
    if len(names) < FOLDS:
        raise InvalidOption(f"{len(names)} kinds of background queries are too few to try on unseen ones; give {FOLDS}")
    fold_of = (np.random.default_rng(0).permutation(len(names)) % FOLDS)[codes]
    above = np.zeros(len(best), bool)
    for fold in range(FOLDS):
        held_out = fold_of == fold
        above[held_out] = best[held_out] >= cut(best[~held_out], rate)
    return above


def operating_point(rate: float, background: Floats, groups: Ints, best: Floats, right: Floats) -> OperatingPoint:
    """The cut-off learnt from all (B,) ``background`` cosines; ``best`` and ``right``: (Q,) cosines of each held-out query's best
    hit and of its best right picture.
    """
    cosine = cut(background, rate)
    return OperatingPoint(
        rate,
        cosine,
        float(reached_unseen(background, groups, rate).mean()),
        float((best >= cosine).mean()),
        float((right >= cosine).mean()),
    )


def best_cosines(
    client: opensearchpy.OpenSearch,
    version: Version,
    vectors: NDArray[np.float32],
    filters: Sequence[list[dict[str, Any]]] | None = None,
) -> Floats:
    """(Q,) float64: the cosine of the nearest picture to each of the (Q, D) unit ``vectors`` that its ``filters`` leave; -1 where
    there is none. Raises the errors of the tree.
    """
    pairs = zip(vectors, filters or [[]] * len(vectors), strict=True)
    scores = all_scores(client, version, [hnsw_body(vector, 1, clauses) for vector, clauses in pairs])
    return np.array([cosine(best[0]) if best else -1.0 for best in scores], np.float64)
