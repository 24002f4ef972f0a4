"""What clipseek adds to the server's own time: ``python benchmarks/search_request.py``.

On an index of the shipped icons, or one of your own (``--index NAME --queries PAIRS``). The words are encoded before. Everything
takes turns on the same queries:

- ``Searcher.search`` beside the requests that it sends, sent again over one raw keep-alive HTTP connection: ids and scores must be
  equal; a hybrid for this as two lists (``--no-complete``).
- A complete hybrid, whose every clause scores every candidate, beside it.
- A hybrid in two steps (a ranking, then one page's documents) beside the same in one: ids, scores and captions must be equal.
- A hybrid's ranking beside each clause alone.
- Eight clients beside one: the same number of searches in all.
- ``--against WORKTREE``: another checkout instead, by its own ``.venv``, in turns on the same server: a hybrid (complete where the
  checkout has that), two lists, captions, vectors; by one client and by eight at once. Two lists must be equal.

Hits that score the same may stand in another order: clipseek puts those first whose caption has the words.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import sys
import threading
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import Fusion, Query, Searcher, connect
from clipseek.opensearch.index import versions
from clipseek.relevance.labelled_queries import read_pairs
from raw_http import Raw, Recorder, timed
from search_against import against
from servers import add_url, icons_index, server

KINDS = ("caption", "vector", "hybrid")
#: A hit as it is compared: id, score, caption.
Row = tuple[str, float, Any]


class Known:
    """The encoder's vectors of the queries, made before: encoding is not measured here."""

    def __init__(self, encoder: Any, texts: list[str]) -> None:
        self.fingerprint, self.dimension = encoder.fingerprint, encoder.dimension
        self._vectors = dict(zip(texts, encoder.encode_texts(texts), strict=True))

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        return np.stack([self._vectors[text] for text in texts])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_url(parser)
    parser.add_argument("--index", help="an index of yours; without it one of shipped icons is made and removed")
    parser.add_argument("--queries", type=Path, help="with --index: pairs whose captions are the queries")
    parser.add_argument("--icons", type=int, default=8000)
    parser.add_argument("--count", type=int, default=600, help="queries")
    parser.add_argument("--against", type=Path, metavar="WORKTREE", help="compare with this checkout, by its .venv")
    options = parser.parse_args()
    if (options.index is None) != (options.queries is None):
        parser.error("--index and --queries go together")
    with server(options.url) as url:
        client = connect(url)
        if options.index:
            version = versions.current(client, options.index)
            encoder = ClipEncoder(Bundle.load(Path(version.bundle or "")), device="cpu")
            texts = [pair.words for pair in read_pairs(options.queries, most=options.count)]
            measure(url, client, version, encoder, texts, options.against)
        else:
            with icons_index(client, options.icons) as (version, encoder, captions):
                texts = captions[:: max(1, len(captions) // options.count)][: options.count]
                measure(url, client, version, encoder, texts, options.against)


def measure(url: str, client: Any, version: Any, encoder: Any, texts: list[str], worktree: Path | None) -> None:
    texts = list(dict.fromkeys(Query(text).words for text in texts))
    if worktree is not None:
        against(worktree, url, version.alias, texts, encoder.encode_texts(texts), same)
        return
    known: Any = Known(encoder, texts)
    recorder = Recorder(client)
    searcher = Searcher(client, version, known)
    took: dict[str, list[float]] = defaultdict(list)
    raw = Raw(url)
    for turn in range(2):  # the first fills caches
        for number, text in enumerate(texts):
            for name, milliseconds in compare(searcher, raw, recorder, text, number).items():
                if turn:
                    took[name].append(milliseconds)
    print_figures({name: statistics.median(each) for name, each in took.items()}, len(texts))
    for kind in KINDS:
        clients(searcher, [Query(text, kind=kind) for text in texts], kind)


def print_figures(middle: dict[str, float], count: int) -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {count} queries, medians")
    for name, milliseconds in middle.items():
        print(f"{name:34}  {milliseconds:7.2f} ms")
    for kind in KINDS:
        print(f"{kind}: search / raw {middle[f'{kind}: search'] / middle[f'{kind}: raw']:.2f}")
    print(f"hybrid: complete / two lists {middle['hybrid: search, complete'] / middle['hybrid: search']:.2f}")
    slower = max(middle["caption: raw"], middle["vector: raw"])
    print(
        f"hybrid: ranking / slower clause {middle['hybrid: raw ranking'] / slower:.2f}, both steps / slower clause "
        f"{middle['hybrid: raw'] / slower:.2f}, one request / two {middle['hybrid: raw, one request'] / middle['hybrid: raw']:.2f}"
    )


def compare(searcher: Searcher, raw: Raw, recorder: Recorder, text: str, turn: int) -> dict[str, float]:
    """Milliseconds of everything for one query, in an order drawn for ``turn``. Ends the benchmark where answers differ."""
    took: dict[str, float] = {}
    for kind in KINDS:
        query = Query(text, kind=kind)  # type: ignore[arg-type]
        two_lists(searcher, query)  # counts the index's pictures where that is due: the next sends its searches alone
        with recorder.recording() as sent:
            two_lists(searcher, query)
        calls: list[tuple[str, Any, Any]] = [("raw", raw.both, sent)]
        calls.append(("search", partial(two_lists, searcher), query))
        if kind == "hybrid":
            whole = in_one(sent)
            calls += [("raw, one request", lambda request: raw.ask(*request), whole)]
            calls.append(("search, complete", searcher.search, query))
        answers = {}
        # By chance: what comes after the slowest of them finds the server's caches colder.
        for name, call, argument in random.Random(turn).sample(calls, len(calls)):
            took[f"{kind}: {name}"], answers[name] = timed(call, argument)
        first, rows = answers["raw"][0], joined_rows(answers["raw"][1])
        if kind == "hybrid":
            took["hybrid: raw ranking"] = first
            same(rows_of(answers["raw, one request"]), rows, text)
        same([(hit.id, hit.score, None) for hit in answers["search"].hits], [(*row[:2], None) for row in rows], text)
    return took


def two_lists(searcher: Searcher, query: Query) -> Any:
    """A search whose ranking is one request."""
    return searcher.search(query, Fusion(complete=False))


def in_one(sent: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """A ranking and its page as the one request that they stand for."""
    (path, ranking), (_, page) = sent
    body, shown = orjson.loads(ranking), orjson.loads(page)
    kept = {name: value for name, value in body.items() if name not in ("stored_fields", "docvalue_fields")}
    shown = {name: shown[name] for name in ("_source", "highlight") if name in shown}
    return path, orjson.dumps({**kept, **shown})


def rows_of(answer: bytes) -> list[Row]:
    return [
        (row.get("_id") or row["fields"]["image_id"][0], row["_score"], row.get("_source", {}).get("caption"))
        for row in orjson.loads(answer)["hits"]["hits"]
    ]


def joined_rows(answers: list[bytes]) -> list[Row]:
    """Rows of a search's first answer, with the captions of its second where there is one."""
    first, *rest = map(rows_of, answers)
    captions = {key: caption for rows in rest for key, _, caption in rows}
    return [(key, score, captions.get(key, caption)) for key, score, caption in first]


def same(ours: list[Row], theirs: list[Row], text: str) -> None:
    """Equal scores in equal order, and equal hits among those of one score, but for the last score, which a page may cut."""

    def by_score(rows: list[Row]) -> list[tuple[float, list[str]]]:
        return [(score, sorted(map(repr, group))) for score, group in itertools.groupby(rows, lambda row: row[1])]

    mine, others = by_score(ours), by_score(theirs)
    scores_differ = [row[1] for row in ours] != [row[1] for row in theirs]
    if scores_differ or mine[:-1] != others[:-1]:
        sys.exit(f"different answers to {text!r}:\n{ours}\n{theirs}")


def clients(searcher: Searcher, queries: list[Query], kind: str) -> None:
    """Throughput of one client and of eight, and how busy the machine is meanwhile."""
    rates = {}
    for number in (1, 8):
        errors: list[Exception] = []
        shares = [queries[start::number] for start in range(number)]
        threads = [threading.Thread(target=work, args=(searcher, share, errors)) for share in shares]
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
