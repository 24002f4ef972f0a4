"""One side of ``search_request.py --against``: searches as its own checkout does, told by lines of JSON on stdin.

The first line has ``url``, ``index``, ``texts`` and their ``vectors``. Then a line is one search, ``{"mode", "number"}``, answered
by its milliseconds and hits; or all texts by several clients at once, ``{"mode", "clients"}``, answered by p50 and searches/s.
It knows the present searches and those of before there were complete hybrids, where one ``Query`` held everything.
"""

from __future__ import annotations

import importlib
import inspect
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from clipseek import opensearch


class Known:
    """The vectors of the texts, made before: encoding is not measured."""

    def __init__(self, version: Any, vectors: dict[str, Any]) -> None:
        self.fingerprint, self.dimension = version.fingerprint, version.dimension
        self._vectors = {text: np.asarray(vector, np.float32) for text, vector in vectors.items()}

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        return np.stack([self._vectors[text] for text in texts])


class Side:
    """``search(mode, text)`` for the modes ``caption``, ``vector``, ``hybrid`` and ``two lists``, a hybrid in one request."""

    def __init__(self, url: str, index: str, vectors: dict[str, Any]) -> None:
        library: Any = opensearch
        older = "shares" in inspect.signature(library.Searcher).parameters
        client = library.connect(url)
        versions: Any = importlib.import_module(f"clipseek.opensearch.{'' if older else 'index.'}versions")
        version = versions.current(client, index)
        known = Known(version, vectors)
        self._query, self._searcher = library.Query, library.Searcher(client, version, known)
        if older:  # shares cost it a second request
            self._plain = library.Searcher(client, version, known, shares=False).search
        else:
            self._plain = partial(self._searcher.search, fusion=library.Fusion(complete=False))

    def search(self, mode: str, text: str) -> Any:
        if mode == "two lists":
            return self._plain(self._query(text))
        return self._searcher.search(self._query(text, kind=mode))

    def timed(self, mode: str, text: str) -> tuple[float, Any]:
        began = time.perf_counter()
        answer = self.search(mode, text)
        return 1e3 * (time.perf_counter() - began), answer

    def at_once(self, mode: str, texts: list[str], clients: int) -> dict[str, float]:
        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            took = list(pool.map(lambda text: self.timed(mode, text)[0], texts))
        return {"p50": statistics.median(took), "rate": len(texts) / (time.perf_counter() - began)}


def main() -> None:
    first = json.loads(sys.stdin.readline())
    texts = first["texts"]
    side = Side(first["url"], first["index"], dict(zip(texts, first["vectors"], strict=True)))
    for line in sys.stdin:
        asked = json.loads(line)
        if "clients" in asked:
            said: dict[str, Any] = side.at_once(asked["mode"], texts, asked["clients"])
        else:
            milliseconds, answer = side.timed(asked["mode"], texts[asked["number"]])
            said = {"ms": milliseconds, "hits": [(hit.id, hit.score, hit.caption) for hit in answer.hits]}
            said["shares"] = all(hit.shares for hit in answer.hits)
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
