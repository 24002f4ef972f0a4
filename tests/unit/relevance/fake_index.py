"""An index in memory that answers what relevance/ sends: words score by how many they share, vectors by 1 + cosine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from clipseek.opensearch.index.version import Version
from numpy.typing import NDArray

DIMENSION = 16
VERSION = Version("i-1", "i", "ab" * 32, DIMENSION, 1, fields={"half": "keyword"})


class Encoder:
    """Texts to the unit vectors that it was given, others to vectors drawn by their letters."""

    fingerprint, dimension = VERSION.fingerprint, DIMENSION

    def __init__(self, known: Mapping[str, NDArray[np.float32]] | None = None) -> None:
        self.known = dict(known or {})

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.known.get(text, unit(sum(map(ord, text)))) for text in texts])

    def load_picture(self, data: bytes, crop: Any = None) -> Any:
        raise NotImplementedError

    def encode_pictures(self, pictures: Sequence[Any]) -> NDArray[np.float32]:
        raise NotImplementedError


def unit(seed: int) -> NDArray[np.float32]:
    """A (DIMENSION,) unit vector, the same for the same seed."""
    row = np.random.default_rng(seed).normal(size=DIMENSION)
    return np.asarray(row / np.linalg.norm(row), np.float32)


class FakeIndex:
    """``captions`` and ``vectors`` by id; ``meta`` is the mapping's; ``missed`` ids are never found by the HNSW search."""

    def __init__(self, captions: Mapping[str, str], vectors: Mapping[str, NDArray[np.float32]]) -> None:
        self.captions, self.vectors = dict(captions), dict(vectors)
        self.meta: dict[str, Any] = {}
        self.missed: set[str] = set()
        self.caption_fields: dict[str, Any] = {"exact": {}}
        self.bodies: list[dict[str, Any]] = []
        self.indices = self.transport = self

    def get_mapping(self, *, index: str) -> dict[str, Any]:
        properties = {"caption": {"fields": self.caption_fields}}
        return {index: {"mappings": {"properties": properties, "_meta": self.meta}}}

    def put_mapping(self, *, index: str, body: dict[str, Any]) -> None:
        self.meta = body["_meta"]

    def info(self) -> dict[str, Any]:
        return {"version": {"number": "2.19.1"}}

    def search_shards(self, *, index: str) -> dict[str, Any]:
        return {"shards": [[{}]]}

    def mget(self, *, index: str, body: dict[str, Any], params: Any) -> dict[str, Any]:
        docs = []
        for name in body["ids"]:
            there = name in self.vectors
            docs.append({"_id": name, "found": there, "_source": {"image_vector": self.vectors.get(name)}})
        return {"docs": docs}

    def msearch(self, *, body: bytes, index: str, params: Any = None) -> dict[str, Any]:
        return {"took": 1, "responses": [self._answer(orjson.loads(line)) for line in body.splitlines()[1::2]]}

    def perform_request(self, method: str, path: str, *, body: bytes) -> dict[str, Any]:
        assert (method, path.split("?")[0]) == ("POST", f"/{VERSION.index}/_search")
        return self._answer(orjson.loads(body))

    def search(self, *, index: str, body: Any, params: Any = None) -> dict[str, Any]:
        return self._answer(orjson.loads(body) if isinstance(body, bytes) else body)

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        self.bodies.append(body)
        if "captions" in body.get("aggs", {}):
            counted = {"captions": {"doc_count": sum(map(bool, self.captions.values()))}}
            return {"hits": {"total": {"value": len(self.captions)}}, "aggregations": counted}
        if "aggs" in body:
            return {"aggregations": {"values": {"buckets": [{"key": "even"}]}}}
        raw = self._raw(body.get("query", {}))
        scores = sorted(self._scores(body["query"]).items(), key=lambda pair: -pair[1]) if "query" in body else []
        rows = [
            {
                "_id": name,
                "_score": score,
                "fields": {"image_id": [name], "content_hash": [name]},
                "_source": {"image_vector": self.vectors[name].tolist()},
                "matched_queries": {clause: found[name] for clause, found in raw.items() if name in found},
            }
            for name, score in scores[: body["size"]]
        ]
        shards = {"total": 1}
        return {"took": 1, "_shards": shards, "hits": {"hits": rows, "total": {"value": len(self.captions)}}}

    def _raw(self, query: dict[str, Any]) -> dict[str, dict[str, float]]:
        """The scores of each clause of a hybrid by its name."""
        clauses = query.get("hybrid", {}).get("queries", [])
        names = [re.search(r'"_name":"(.*?)"', orjson.dumps(clause).decode()) for clause in clauses]
        return {name[1]: self._scores(clause) for name, clause in zip(names, clauses, strict=True) if name}

    def _scores(self, query: dict[str, Any]) -> dict[str, float]:
        ((kind, inner),) = query.items()
        if kind == "match":
            ((_, asked),) = inner.items()
            return self._by_words(asked)
        if kind == "bool" and "must" in inner:
            return self._filtered(self._scores(inner["must"][0]), inner.get("filter", []))
        if kind == "bool" and "should" in inner:
            return {name: score for clause in inner["should"] for name, score in self._scores(clause).items()}
        if kind in ("match_all", "bool"):
            return self._filtered(dict.fromkeys(self.vectors, 1.0), inner.get("filter", []))
        if kind == "ids":
            return {name: 1.0 for name in inner["values"] if name in self.vectors}
        if kind == "function_score":
            return dict.fromkeys(self.vectors, 1.0)
        if kind == "knn":
            found = self._by_vector(inner["image_vector"]["vector"])
            found = {name: score for name, score in found.items() if name not in self.missed}
            return self._filtered(
                found, inner["image_vector"].get("filter", {"bool": {"filter": []}})["bool"]["filter"]
            )
        if kind == "script_score":
            found = self._by_vector(inner["script"]["params"]["query_value"])
            return {name: found[name] for name in self._scores(inner["query"])}
        assert kind == "hybrid", query
        joined: dict[str, float] = {}
        for clause in inner["queries"]:
            for name, score in self._scores(clause).items():
                joined[name] = joined.get(name, 0.0) + score
        return joined

    def _by_words(self, asked: dict[str, Any]) -> dict[str, float]:
        words = asked["query"].split()
        shared = {name: sum(word in caption.split() for word in words) for name, caption in self.captions.items()}
        least = len(words) if asked.get("operator") == "and" else 1
        return {name: float(number) for name, number in shared.items() if number >= least}

    def _by_vector(self, vector: Sequence[float]) -> dict[str, float]:
        return {name: 1 + float(own @ np.asarray(vector, np.float32)) for name, own in self.vectors.items()}

    def _filtered(self, scores: dict[str, float], filters: Sequence[dict[str, Any]]) -> dict[str, float]:
        for clause in filters:
            if "ids" in clause:
                scores = {name: score for name, score in scores.items() if name in clause["ids"]["values"]}
            elif "must_not" in clause.get("bool", {}):
                out = clause["bool"]["must_not"][0]["ids"]["values"]
                scores = {name: score for name, score in scores.items() if name not in out}
            else:
                ((_, term),) = clause["term"].items()
                scores = {
                    name: score
                    for name, score in scores.items()
                    if (int(name[1:]) % 2 == 0) == (term["value"] == "even")
                }
        return scores
