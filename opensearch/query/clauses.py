"""The clauses of a search: what each asks the server for, and its weight. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..index.words.captions import MAX_CAPTION_BYTES
from .fusion import Fusion
from .limits import CAPTION, MARKS, TEXT, VECTOR, Match
from .query import Query
from .vectors import Vector

#: Of up to two words all, of more at least three in four, rounded down.
MOST = "2<75%"


def clause_weights(query: Query, fusion: Fusion) -> dict[str, float]:
    """The weight of each clause by its name, in their order; those that ``query`` and ``Fusion.weight`` make sum to 1.

    Where every text, picture and id is a clause of its own, it weighs as in one composed vector: the vectors have the share
    ``Fusion.weight`` beside the caption, the texts the share ``Query.text_weight`` of it beside pictures and ids, each by its own
    weight.
    """
    names, hybrid = query.clause_names, query.resolved_kind == "hybrid"
    if fusion.weights is not None:
        return dict(zip(names, fusion.weights, strict=True))
    if not query.is_split:
        return {CAPTION: 1 - fusion.weight, VECTOR: fusion.weight} if hybrid else dict.fromkeys(names, 1.0)
    texts = [weight for _, weight in query.all_texts]
    others = [*(picture.weight for picture in query.all_pictures), *(weight for _, weight in query.like)]
    if fusion.technique == "rrf" and {*texts, *others} == {1.0} and fusion.weight == query.text_weight == 0.5:
        return dict.fromkeys(names, 1 / len(names))  # nobody gave a weight, and older servers have none for rrf
    vectors = fusion.weight if hybrid else 1.0
    of_texts = (query.text_weight if others else 1.0) / (sum(texts) or 1.0)
    of_others = (1 - query.text_weight if texts else 1.0) / (sum(others) or 1.0)
    weights = [
        *(vectors * weight * of_texts for weight in texts),
        *(vectors * weight * of_others for weight in others),
    ]
    return dict(zip(names, [1 - fusion.weight, *weights] if hybrid else weights, strict=True))


def make_clauses(
    query: Query,
    vectors: Mapping[str, Vector],
    filters: Sequence[dict[str, Any]],
    *,
    nearest: int,
    ef_search: int | None = None,
) -> dict[str, dict[str, Any]]:
    """The query's clauses by name, in the order of their weights. ``vectors``: the (D,) unit vector of each vector clause."""
    return {
        name: caption_clause(query, filters)
        if name == CAPTION
        else vector_clause(vectors[name], filters, nearest=nearest, ef_search=ef_search, name=name)
        for name in query.clause_names
    }


def caption_clause(query: Query, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """BM25 over the caption, without captions that have all words of something not wanted."""
    if not filters and not query.unwanted:
        return words_clause(query, CAPTION)
    # The whole clause has the name: the words alone match captions that it leaves out, too.
    clause: dict[str, Any] = {"_name": CAPTION, "must": [words_clause(query)]}
    if filters:
        clause["filter"] = list(filters)
    if query.unwanted:
        fields = (CAPTION, TEXT) if query.ocr_weight else (CAPTION,)
        clause["must_not"] = [
            {"match": {field: {"query": text, "operator": "and"}}} for text in query.unwanted for field in fields
        ]
    return {"bool": clause}


def vector_clause(
    vector: Vector,
    filters: Sequence[dict[str, Any]],
    *,
    nearest: int,
    ef_search: int | None = None,
    name: str = VECTOR,
) -> dict[str, Any]:
    """The ``nearest`` vectors; filters work inside the graph's search, so that they never leave fewer."""
    knn: dict[str, Any] = {"vector": vector.tolist(), "k": nearest}
    if ef_search is not None:
        knn["method_parameters"] = {"ef_search": ef_search}
    if filters:
        knn["filter"] = {"bool": {"filter": list(filters)}}
    return {"knn": {"image_vector": {**knn, "_name": name}}}


def unnamed(clause: Any) -> Any:
    """The clause without its name. To tell which of the named ones a hit matches, the server searches by them once more, the graph
    too; where a clause is alone, its score is the hit's.
    """
    if isinstance(clause, Mapping):
        return {key: unnamed(part) for key, part in clause.items() if key != "_name"}
    if isinstance(clause, list) and clause and isinstance(clause[0], Mapping):
        return [unnamed(part) for part in clause]
    return clause


def over(clause: Mapping[str, Any], documents: Mapping[str, Any]) -> dict[str, Any]:
    """The ``clause``, of the pictures that the query ``documents`` matches. A vector clause scores all of these, exactly, in the
    engine's terms: 1 + cosine of unit vectors, 1 / (1 - cosine) below zero.
    """
    if "knn" not in clause:
        return {"bool": {"must": [clause], "filter": [documents]}}
    knn = clause["knn"]["image_vector"]
    parameters = {"field": "image_vector", "query_value": knn["vector"], "space_type": "innerproduct"}
    script = {"lang": "knn", "source": "knn_score", "params": parameters}
    return {"script_score": {"query": documents, "script": script, "_name": knn["_name"]}}


def words_clause(query: Query, name: str | None = None) -> dict[str, Any]:
    """The query's words in the caption. They are a value of a match query: no syntax in them means anything."""
    if len(query.all_texts) == 1:
        return _match(query, query.all_texts[0][0], {} if name is None else {"_name": name})
    every = [_match(query, text, {"boost": weight}) for text, weight in query.all_texts]
    joined: dict[str, Any] = {"must" if query.match in ("all", "phrase") else "should": every}
    return {"bool": joined if name is None else {**joined, "_name": name}}


def _match(query: Query, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Of ``text`` in the caption; where words were read in pictures, in these too: a word may stand in either, and the scores of
    both are added, by the share that each has (of half each, as they are).
    """
    share = query.ocr_weight or 0.0
    if not share:
        return _match_in(caption_field(query), query.match, text, more)
    named = {"_name": TEXT} if len(query.all_texts) == 1 else {}
    weighed: list[tuple[str, dict[str, Any]]] = []
    if share < 1:
        weighed.append((caption_field(query), {"boost": 2 * (1 - share)}))
    weighed.append((text_field(query), {"boost": 2 * share, **named}))
    if query.match == "phrase":
        return {"bool": {"should": [_match_in(field, "phrase", text, extra) for field, extra in weighed], **more}}
    clause: dict[str, Any] = {"should": [_match_in(field, "any", text, extra) for field, extra in weighed], **more}
    if query.match in ("all", "most"):
        enough = {"operator": "and"} if query.match == "all" else {"minimum_should_match": MOST}
        every = {"query": text, "type": "cross_fields", "fields": [field for field, _ in weighed], **enough}
        clause["filter"] = [{"multi_match": every}]
    return {"bool": clause}


def _match_in(field: str, match: Match | None, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = {"query": text}
    if match == "all":
        inner["operator"] = "and"
    elif match == "most":
        inner["minimum_should_match"] = MOST
    inner.update(more)
    return {"match_phrase" if match == "phrase" else "match": {field: inner}}


def caption_field(query: Query) -> str:
    """The field of the caption that the words are searched in."""
    return "caption.exact" if query.exact else "caption"


def text_field(query: Query) -> str:
    """The field of the words read in pictures that the words are searched in."""
    return "text.exact" if query.exact else TEXT


def highlight(query: Query) -> dict[str, Any]:
    """What is sent so that the matched words of a caption, and of the text in the picture, come marked; nothing without a caption
    clause.
    """
    if CAPTION not in query.clause_names:
        return {}
    words = {"number_of_fragments": 0, "highlight_query": unnamed(words_clause(query))}
    marks = {"pre_tags": [MARKS[0]], "post_tags": [MARKS[1]]}
    # Of a longer caption, in an index that an older clipseek filled, the beginning is marked: else the server refuses the search.
    longest = {"max_analyzer_offset": MAX_CAPTION_BYTES}
    fields = {caption_field(query): words, **({text_field(query): words} if query.ocr_weight else {})}
    return {"highlight": {**marks, **longest, "fields": fields}}
