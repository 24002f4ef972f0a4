"""Made documents of clipseek's own indexes: searches, what people did with their hits, and ingest runs, of the last two days."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import opensearchpy
from clipseek.opensearch.index.own_records import FEEDBACK, INGESTS, SEARCHES

WORDS = (
    "battery charging",
    "no internet connection",
    "shopping cart",
    "bicycle",
    "red square",
    "moon",
    "qwertz",
    "a cat asleep",
)
Document = dict[str, Any]


def made_searches(count: int, seed: int = 0) -> Iterator[tuple[Document, list[Document]]]:
    """``count`` searches, each with the feedback on its hits."""
    chance = random.Random(seed)
    for number in range(count):
        kind = chance.choices(("hybrid", "vector", "caption"), (6, 3, 1))[0]
        words = chance.choices(WORDS, range(len(WORDS) + 3, 3, -1))[0]
        zero = words == "qwertz"
        encode = 0.0 if kind == "caption" else chance.lognormvariate(2.5, 0.4)
        server = chance.lognormvariate(2.8, 0.5)
        search = {
            "at": _ago(chance.uniform(0, 2)),
            "index": "demo-icons",
            "kind": kind,
            "words": words,
            "pictures": 0,
            "filters": 0,
            "weight": 0.5,
            "page": 1,
            "from": chance.choices(("page", "api", "mcp"), (7, 2, 1))[0],
            "hits": 0 if zero else 24,
            "total": 0 if zero else chance.randrange(1, 400),
            "zero": zero,
            "no_good_match": words == "a cat asleep",
            "top_score": 0.0 if zero else chance.uniform(0.4, 1.0),
            "ms": {"encode": encode, "server": server, "total": encode + server + 4},
        }
        feedback = []
        if not zero and chance.random() < 0.6:
            rank = min(24, int(chance.expovariate(0.4)) + 1)
            feedback.append(
                {
                    "at": search["at"],
                    "search": str(number),
                    "index": "demo-icons",
                    "document": f"lucide/icon-{rank}",
                    "action": chance.choices(("click", "up", "down"), (8, 2, 1))[0],
                    "rank": rank,
                    "words": words,
                    "kind": kind,
                    "weight": 1.0,
                }
            )
        yield search, feedback


def made_runs(count: int, seed: int = 0) -> Iterator[Document]:
    """``count`` ingest runs."""
    chance = random.Random(seed)
    for number in range(count):
        entries = int(chance.lognormvariate(7, 1.5))
        new = entries if number == 0 else int(entries * chance.random() ** 4)
        skipped, rejected = int(new * 0.03), int(new * 0.003)
        rate = chance.uniform(90, 140) if new > entries / 2 else chance.uniform(2000, 9000)
        yield {
            "at": _ago(2 - 2 * number / count),
            "index": "demo-icons",
            "source": chance.choice(("folder", "jsonl")),
            "model": "0" * 64,
            "state": chance.choices(("done", "interrupted", "failed"), (12, 1, 1))[0],
            "entries": entries,
            "indexed": new - skipped - rejected,
            "replaced": int(new * 0.1),
            "joined": int(new * 0.02),
            "unchanged": entries - new,
            "skipped": skipped,
            "rejected": rejected,
            "captions": entries - skipped,
            "captions_lost": skipped // 4,
            "seconds": entries / rate,
            "rate": rate,
            "reasons": [
                {"reason": "not an image", "count": int(skipped * 0.6)},
                {"reason": "unreadable", "count": skipped - int(skipped * 0.6)},
                {"reason": "refused by the server", "count": rejected},
            ],
        }


def write(client: opensearchpy.OpenSearch, names: dict[str, str], searches: int = 100, runs: int = 20) -> None:
    """Put made records into the indexes that ``names`` gives for those of clipseek; they are there already."""
    body: list[Document] = []
    for search, feedback in made_searches(searches):
        body += [{"index": {"_index": names[SEARCHES]}}, search]
        for event in feedback:
            body += [{"index": {"_index": names[FEEDBACK]}}, event]
    for run in made_runs(runs):
        body += [{"index": {"_index": names[INGESTS]}}, run]
    client.bulk(body="".join(json.dumps(line) + "\n" for line in body), params={"refresh": "true"})


def _ago(days: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="seconds")
