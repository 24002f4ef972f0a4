"""What clipseek adds to the server's own time: ``python benchmarks/search_request.py --index demo-icons --queries held-out.jsonl``.

Everything takes turns on the same queries, whose words were encoded before:

- ``Searcher.search`` beside a raw keep-alive HTTP request (or two, for a hybrid) with the bodies that it sends: ids and scores must
  be equal. Once without shares, once with them, which asks for each clause's candidates at the same time.
- A hybrid in two steps (opensearch/two_steps.py) beside the same in one request: ids, scores and captions must be equal.
- A hybrid's ranking beside each clause alone.
- Eight clients beside one: the same number of searches in all.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import statistics
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import orjson
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import Query, Searcher, connect
from clipseek.opensearch.index import versions
from clipseek.opensearch.query.bodies import clauses, search_body
from clipseek.opensearch.query.limits import KINDS, SEARCH_PARAMETERS
from clipseek.opensearch.search.two_steps import named, page_body, ranking_body
from clipseek.relevance.labelled_queries import read_pairs


class Known:
    """The encoder's vectors of the queries, made before: encoding is not measured here."""

    def __init__(self, encoder: Any, texts: list[str]) -> None:
        self.fingerprint, self.dimension = encoder.fingerprint, encoder.dimension
        self._vectors = dict(zip(texts, encoder.encode_texts(texts), strict=True))

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        return np.stack([self._vectors[text] for text in texts])


class Raw:
    """One kept-alive connection and nothing else."""

    def __init__(self, url: str, index: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 9200)
        self._path = f"/{index}/_search?{urlencode(SEARCH_PARAMETERS)}"

    def ask(self, body: bytes) -> bytes:
        self._connection.request("POST", self._path, body, {"content-type": "application/json"})
        return self._connection.getresponse().read()

    def two_steps(self, body: dict[str, Any]) -> tuple[float, list[dict[str, Any]], bytes]:
        """A hybrid's ranking, then its page: (milliseconds of the ranking, its rows, the page's answer)."""
        milliseconds, answer = timed(self.ask, orjson.dumps(ranking_body(body)))
        rows = named(rows_of(answer))
        return milliseconds, rows, self.ask(orjson.dumps(page_body(body, [row["_id"] for row in rows])))


def timed(call: Any, *arguments: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = call(*arguments)
    return 1e3 * (time.perf_counter() - began), answer


def rows_of(answer: bytes) -> list[dict[str, Any]]:
    return list(orjson.loads(answer)["hits"]["hits"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:9200")
    parser.add_argument("--index", default="demo-icons")
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600)
    options = parser.parse_args()
    client = connect(options.url)
    version = versions.current(client, options.index)
    texts = [Query(one.words).words for one in read_pairs(options.queries, most=options.count)]
    encoder: Any = Known(ClipEncoder(Bundle.load(Path(version.bundle)), device="cpu"), texts)
    plain, full = Searcher(client, version, encoder, shares=False), Searcher(client, version, encoder)
    raw = Raw(options.url, version.index)
    took: dict[str, list[float]] = defaultdict(list)
    for turn in range(2):  # the first fills caches
        for at, text in enumerate(texts):
            found = compare(plain, full, raw, text, at)
            if turn:
                for name, milliseconds in found.items():
                    took[name].append(milliseconds)
    middle = {name: statistics.median(each) for name, each in took.items()}
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {len(texts)} queries, medians")
    for name, milliseconds in middle.items():
        print(f"{name:34}  {milliseconds:7.2f} ms")
    for kind in KINDS:
        print(
            f"{kind}: search / raw {middle[f'{kind}: search'] / middle[f'{kind}: raw']:.2f}, with shares "
            f"{middle[f'{kind}: search, shares'] / middle[f'{kind}: raw']:.2f}"
        )
    slower = max(middle["caption: raw"], middle["vector: raw"])
    print(
        f"hybrid: ranking / slower clause {middle['hybrid: raw ranking'] / slower:.2f}, both steps / slower clause "
        f"{middle['hybrid: raw'] / slower:.2f}, one request / two {middle['hybrid: raw, one request'] / middle['hybrid: raw']:.2f}"
    )
    for kind in KINDS:
        clients(plain, [Query(text, kind=kind) for text in texts], kind)


def compare(plain: Searcher, full: Searcher, raw: Raw, text: str, turn: int) -> dict[str, float]:
    """Milliseconds of everything for one query, in an order drawn for ``turn``. Ends the benchmark where answers differ."""
    took: dict[str, float] = {}
    for kind in KINDS:
        query = Query(text, kind=kind)
        body = search_body(query, clauses(query, plain.vector(query), []))
        joined = kind == "hybrid"
        calls: list[tuple[str, Any, Any]]
        if joined:
            calls = [("raw", raw.two_steps, body), ("raw, one request", raw.ask, orjson.dumps(body))]
        else:
            calls = [("raw", raw.ask, orjson.dumps(body))]
        calls += [("search", plain.search, query), ("search, shares", full.search, query)]
        answers = {}
        # By chance: what comes after the slowest of them finds the server's caches colder.
        for name, call, argument in random.Random(turn).sample(calls, len(calls)):
            took[f"{kind}: {name}"], answers[name] = timed(call, argument)
        if joined:
            took["hybrid: raw ranking"], rows, page = answers["raw"]
            captions = {row["_id"]: row["_source"].get("caption") for row in rows_of(page)}
            same(
                [
                    (row["_id"], row["_score"], row["_source"].get("caption"))
                    for row in rows_of(answers["raw, one request"])
                ],
                [(row["_id"], row["_score"], captions[row["_id"]]) for row in rows],
                text,
            )
        else:
            rows = rows_of(answers["raw"])
        for name in ("search", "search, shares"):
            found = [(hit.id, hit.score) for hit in answers[name].hits]
            same(found, [(row["_id"], row["_score"]) for row in rows], text)
    return took


def same(one: list[Any], other: list[Any], text: str) -> None:
    if [row[1] for row in one] != [row[1] for row in other] or sorted(map(str, one[:-1])) != sorted(
        map(str, other[:-1])
    ):
        # Hits that score the same may change places, and the last one with what comes after it.
        sys.exit(f"different answers to {text!r}:\n{one}\n{other}")


def clients(searcher: Searcher, queries: list[Query], kind: str) -> None:
    """Throughput of one client and of eight, and how busy the machine is meanwhile."""
    rates = {}
    for number in (1, 8):
        errors: list[Exception] = []
        parts = [queries[at::number] for at in range(number)]
        threads = [threading.Thread(target=work, args=(searcher, part, errors)) for part in parts]
        busy, began = busy_seconds(), time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        if errors:
            sys.exit(f"{len(errors)} clients failed: {errors[0]}")
        rates[number] = len(queries) / seconds
        print(
            f"{kind}: {number} clients {rates[number]:.0f} searches/s, "
            f"{(busy_seconds() - busy) / seconds:.2f} of {os.cpu_count()} cores busy"
        )
    print(f"{kind}: 8 clients / 1 client {rates[8] / rates[1]:.2f}")


def work(searcher: Searcher, queries: list[Query], errors: list[Exception]) -> None:
    """One client: its searches one after the other."""
    try:
        for query in queries:
            searcher.search(query)
    except Exception as problem:
        errors.append(problem)


def busy_seconds() -> float:
    """CPU seconds of the whole machine since its start, but idle and waiting."""
    user, nice, system, _, _, *rest = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:8])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
