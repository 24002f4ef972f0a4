"""An index, and the ways to search it whose costs ``neural.py`` compares."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import orjson

#: Of the other form.
PIPELINE = "bench-ml-inference"
SIZE, DEPTH = 20, 200
_VECTOR = "${ext.ml_inference.vector}"


@dataclass
class Sides:
    """The index, and all ways to it."""

    client: Any
    version: Any
    encoder: Any
    service: str
    model: str
    token: str = ""

    @cached_property
    def _kept_alive(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.service)
        return http.client.HTTPConnection(parts.hostname or "", parts.port or 80)

    def over_http(self, text: str) -> list[float]:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.token}"}
        body = orjson.dumps({"index": self.version.alias, "texts": [text]})
        self._kept_alive.request("POST", "/api/v1/encode", body, headers)
        answer = orjson.loads(self._kept_alive.getresponse().read())
        vector: list[float] = answer["texts"][0]
        return vector

    def predict(self, **inputs: str) -> list[float]:
        path = f"/_plugins/_ml/models/{self.model}/_predict"
        answer = self.client.transport.perform_request("POST", path, body={"parameters": inputs})
        return list(answer["inference_results"][0]["output"][0]["data"])

    def search(self, body: dict[str, Any], pipeline: str) -> Any:
        excluded = {"_source": {"excludes": ["image_vector", "look"]}}
        parameters = {"search_pipeline": pipeline}
        return self.client.search(index=self.version.alias, params=parameters, body={"size": SIZE, **excluded, **body})

    def neural(self, words: str) -> Any:
        query = {"neural": {"image_vector": {"query_text": words, "k": DEPTH}}}
        return self.search({"query": query}, self.name)

    def template(self, words: str) -> Any:
        path = f"/{self.version.alias}/_search/template?search_pipeline={self.name}"
        body = {"id": self.name, "params": {"words": words, "size": SIZE}}
        return self.client.transport.perform_request("POST", path, body=body)

    def ml_inference(self, words: str) -> Any:
        matched = {"match": {"caption": {"query": words}}}
        nearest = {"knn": {"image_vector": {"vector": _VECTOR, "k": DEPTH}}}
        of_matched = {"knn": {"image_vector": {"vector": _VECTOR, "k": DEPTH, "filter": matched}}}
        hybrid = {"pagination_depth": 2 * DEPTH, "queries": [matched, {"dis_max": {"queries": [nearest, of_matched]}}]}
        body = {"ext": {"ml_inference": {"words": words}}, "query": {"template": {"hybrid": hybrid}}}
        return self.search(body, PIPELINE)

    @property
    def name(self) -> str:
        return f"clipseek-{self.version.alias}"

    def compared(self, words: str) -> set[str]:
        """Ids of the pictures that the template's vector clause scores."""
        clauses = [{"query_text": words, "k": DEPTH}]
        clauses.append({**clauses[0], "filter": {"match": {"caption": {"query": words}}}})
        query = {"dis_max": {"queries": [{"neural": {"image_vector": clause}} for clause in clauses]}}
        answer = self.search({"query": query, "size": 2 * DEPTH, "_source": False}, self.name)
        return {hit["_id"] for hit in answer["hits"]["hits"]}


@contextmanager
def inference_pipeline(sides: Sides) -> Iterator[None]:
    """The other form's search pipeline."""
    stored = sides.client.transport.perform_request("GET", f"/_search/pipeline/{sides.name}")[sides.name]
    processor = {
        "model_id": sides.model,
        "function_name": "remote",
        "input_map": [{"inputText": "ext.ml_inference.words"}],
        "output_map": [{"ext.ml_inference.vector": "embedding"}],
    }
    body = {
        "request_processors": [{"ml_inference": processor}],
        "phase_results_processors": stored["phase_results_processors"],
    }
    sides.client.transport.perform_request("PUT", f"/_search/pipeline/{PIPELINE}", body=body)
    try:
        yield
    finally:
        sides.client.transport.perform_request("DELETE", f"/_search/pipeline/{PIPELINE}")


def titles(client: Any, version: Any, count: int) -> list[str]:
    """The first words of captions, each once, drawn from the index."""
    drawn = {
        "function_score": {"query": {"exists": {"field": "caption"}}, "random_score": {"seed": 5, "field": "_seq_no"}}
    }
    body = {"size": min(10_000, 3 * count), "_source": ["caption"], "query": drawn}
    captions = [hit["_source"]["caption"] for hit in client.search(index=version.alias, body=body)["hits"]["hits"]]
    return list(dict.fromkeys(caption.partition(":")[0] for caption in captions))[:count]
