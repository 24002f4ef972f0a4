"""What it costs that OpenSearch asks for vectors itself: ``python benchmarks/neural.py``.

A node with ml-commons of its own, ``clipseek serve`` and ``clipseek neural setup``, on an index of the shipped icons; or
``--url`` and ``--index``, where ``clipseek neural setup`` was run. All sides take turns on the same words, each time new ones, for
``clipseek serve`` keeps the vectors of those that it has met.

- An encode: by the encoder in this process, by ``POST /api/v1/encode``, and by the connector (``_predict`` of the model); of words,
  and of a picture. Vectors must be equal.
- A search by vector: ``Searcher.search`` with an encoder in this process, and one ``neural`` query.
- A hybrid that scores every hit by captions and vectors: ``Searcher.search`` (three requests); the stored search template, whose
  two ``neural`` clauses are one of all pictures and one of those that the words match; and a search pipeline whose ``ml_inference``
  processor fills the vector into a ``template`` query of the same shape. How many hits' lists are the same is printed.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import Query, Searcher, connect
from clipseek.opensearch.index import versions
from clipseek.opensearch.neural.bodies import Neural
from clipseek.opensearch.neural.parts import find_models
from clipseek.opensearch.neural.setup import set_up
from clipseek.opensearch.query.page import Page
from neural_sides import SIZE, Sides, inference_pipeline, titles
from page_server import served
from servers import add_url, icons_index, server

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_url(parser)
    parser.add_argument("--index", help="an index of that server, on which clipseek neural setup was run")
    parser.add_argument("--token-file", type=Path, help="with --index: the token of its clipseek serve")
    parser.add_argument("--icons", type=int, default=8000)
    parser.add_argument("--count", type=int, default=200, help="words")
    options = parser.parse_args()
    url = options.url if options.index else None
    with server(url, ml=True) as address:
        client = connect(address, timeout=60)
        if options.index:
            version = versions.current(client, options.index)
            encoder = ClipEncoder(Bundle.load(Path(version.bundle or "")), device="cpu")
            model = find_models(client, f"clipseek-{version.alias}")[0]
            service = model.url.partition("/api/")[0]
            token = options.token_file.read_text("utf-8").strip() if options.token_file else ""
            sides = Sides(client, version, encoder, service, model.id, token)
            with inference_pipeline(sides):
                measure(sides, titles(client, version, options.count))
            return
        with (
            icons_index(client, options.icons) as (version, encoder, _),
            served(address, version.alias, HERE, encoder.bundle.path) as service,
        ):
            done = set_up(client, Neural(version, service.rstrip("/")), None)
            sides = Sides(client, version, encoder, service.rstrip("/"), done.model)
            with inference_pipeline(sides):
                measure(sides, titles(client, version, options.count))


def measure(sides: Sides, words: list[str]) -> None:
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{len(words)} words, {sides.version.alias}, {sides.encoder.bundle.precision}; {load}; milliseconds")
    measure_encoding(sides, words)
    measure_searches(sides, words)


def measure_encoding(sides: Sides, words: list[str]) -> None:
    fresh = (f"{word} {number}" for number, word in enumerate(itertools.cycle(words)))

    def here(text: str) -> Any:
        return sides.encoder.encode_texts([text])[0]

    ways: dict[str, Callable[[str], Any]] = {
        "encoder in this process": here,
        "POST /api/v1/encode": sides.over_http,
        "connector (_predict)": lambda text: sides.predict(inputText=text),
    }
    for way in ways.values():
        assert np.allclose(way("red bicycle"), here("red bicycle"), atol=1e-5)
    # A new text for every call, for the service keeps what it has encoded.
    report("words to a vector", turns(ways, len(words), lambda _: next(fresh)))
    pictures = [picture(number) for number in range(8)]

    def picture_here(data: bytes) -> Any:
        return sides.encoder.encode_pictures([sides.encoder.load_picture(data)])[0]

    seen: dict[str, Callable[[bytes], Any]] = {
        "encoder in this process": picture_here,
        "connector (_predict)": lambda data: sides.predict(inputImage=base64.b64encode(data).decode()),
    }
    for look in seen.values():
        assert np.allclose(look(pictures[0]), picture_here(pictures[0]), atol=1e-5)
    numbers = itertools.count(100)
    report("a picture to a vector", turns(seen, len(words) // 4, lambda _: picture(next(numbers))))


def measure_searches(sides: Sides, words: list[str]) -> None:
    searcher = Searcher(sides.client, sides.version, sides.encoder)
    page = Page(size=SIZE)

    def by_vector(text: str) -> Any:
        return searcher.search(Query(text, kind="vector"), None, page)

    spaces = itertools.count()

    def new(turn: int) -> str:
        """The same words to tokenizer and analyzer, and not what the service has kept."""
        return words[turn] + " " * (1 + next(spaces) % 97)

    turned = turns({"clipseek": by_vector, "neural query": sides.neural}, len(words), new)
    report("a search by vector", turned)
    found: dict[str, list[dict[str, float]]] = {}

    def kept(way: str, hits: Callable[[str], dict[str, float]]) -> Callable[[str], None]:
        return lambda text: found.setdefault(way, []).append(hits(text))

    def own(text: str) -> dict[str, float]:
        return {hit.id: hit.score for hit in searcher.search(Query(text), None, page).hits}

    forms: dict[str, Callable[[str], Any]] = {
        "clipseek, three requests": kept("own", own),
        "template of neural clauses": kept("template", lambda text: scores(sides.template(text))),
        "ml_inference, template query": kept("ml_inference", lambda text: scores(sides.ml_inference(text))),
    }
    report("a hybrid, every hit scored by both", turns(forms, len(words), new))
    alike = sum(equal(one, other) for one, other in zip(found["template"], found["ml_inference"], strict=True))
    complete = sum(equal(one, other) for one, other in zip(found["own"], found["template"], strict=True))
    hits = zip(words, found["template"][2:], strict=True)
    unscored = sum(len(by_id.keys() - sides.compared(text)) for text, by_id in hits)
    print(
        f"of {SIZE * len(words)} hits of the template {unscored} have no vector score: more captions match than are compared"
    )
    print(
        f"the two stored forms agree on {alike} of {len(found['own'])} words, and with clipseek's complete search on {complete}"
    )


def scores(answer: Any) -> dict[str, float]:
    return {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]}


def equal(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether the scores are; hits of one score may be cut off at another place."""
    return len(one) == len(other) and bool(np.allclose(sorted(one.values()), sorted(other.values()), atol=1e-3))


def turns(ways: dict[str, Callable[[Any], Any]], count: int, given: Callable[[int], Any]) -> dict[str, list[float]]:
    """Milliseconds of each way, which take turns in an order drawn anew each time. A way gets what ``given`` gives for the turn."""
    chance, times = random.Random(0), {name: list[float]() for name in ways}
    for turn in range(-2, count):  # two to warm up
        for name in chance.sample(list(ways), len(ways)):
            one = given(turn)
            began = time.perf_counter()
            ways[name](one)
            if turn >= 0:
                times[name].append(1000 * (time.perf_counter() - began))
    return times


def report(title: str, times: dict[str, list[float]]) -> None:
    print(f"\n{title:36} {'median':>8} {'p95':>8} {'ratio':>6}")
    first = statistics.median(next(iter(times.values())))
    for name, values in times.items():
        middle, late = statistics.median(values), sorted(values)[int(0.95 * len(values))]
        print(f"  {name:34} {middle:8.1f} {late:8.1f} {middle / first:6.2f}")


def picture(seed: int) -> bytes:
    """A PNG of 128 x 128 pixels, as icons are."""
    import io

    from PIL import Image

    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).resize((128, 128), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    main()
