"""A hundred searches for the boards' pictures: ``python benchmarks/board_searches.py ADDRESS --token-file FILE``.

Asks ``clipseek serve --log-searches DAYS`` as people do: titles of the index, some words that no caption has, most of them
on the page, by captions, vectors or both; and opens hits, the first ones more often.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Any

import httpx

#: What nobody drew, beside the index's own words.
ODD = ("qwertz", "zzzz", "a cat asleep on a sofa", "portrait of my grandmother")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--token-file", type=Path, required=True)
    parser.add_argument("--index", default="demo-icons")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3, help="between two searches, on average")
    options = parser.parse_args()
    token = options.token_file.read_text("utf-8").strip()
    chance = random.Random(7)
    with httpx.Client(base_url=options.address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        path = f"/api/v1/indexes/{options.index}"
        listed = client.post(f"{path}/search", json={"size": 100}).json()
        own = list(dict.fromkeys(hit["caption"].partition(":")[0] for hit in listed["hits"] if hit["caption"]))
        words = [*chance.sample(own, min(16, len(own))), *ODD]
        (facts,) = (each for each in client.get("/api/v1/indexes").json()["indexes"] if each["name"] == options.index)
        for _ in range(options.count):
            ask(client, path, chance, words, cutoff=facts["calibration"] is not None)
            time.sleep(chance.expovariate(1 / options.seconds))


def ask(client: httpx.Client, path: str, chance: random.Random, words: list[str], *, cutoff: bool) -> None:
    """One search, and perhaps what somebody does with its hits. ``cutoff``: whether the index has one."""
    on_page = chance.random() < 0.8
    headers = {"x-clipseek-client": "page"} if on_page else {}
    kind = chance.choices(("hybrid", "vector", "caption"), (6, 2, 2))[0]
    text = chance.choices(words, [1 / (place + 1) for place in range(len(words) - len(ODD))] + [0.15] * len(ODD))[0]
    body: dict[str, Any] = {"text": text, "kind": kind, "size": 24}
    if cutoff and kind != "caption":
        body["min_cosine"] = "auto"
    answer: Any = client.post(f"{path}/search", json=body, headers=headers).json()
    hits = answer["hits"]
    if not (hits and on_page and text not in ODD):
        return
    for _ in range(chance.choices((0, 1, 2), (4, 5, 2))[0]):
        rank = min(len(hits), int(chance.expovariate(0.35)) + 1)
        action = chance.choices(("click", "up", "down"), (8, 2, 1))[0]
        done = {"search": answer["search"], "id": hits[rank - 1]["id"], "action": action}
        client.post(f"{path}/feedback", json=done, headers=headers).raise_for_status()


if __name__ == "__main__":
    main()
