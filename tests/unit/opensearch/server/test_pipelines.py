"""No file of the rooms that search leaves the search pipeline to an index's default (``clipseek.opensearch.server.pipelines``)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
ROOMS = ("opensearch", "relevance", "web", "sheets", "demo", "cli")
#: Their bodies come from functions of files that name it.
ELSEWHERE = {"relevance/clause_scores.py": "candidates_body", "relevance/advise.py": "hnsw_body"}
FILES = sorted(str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def test_some_files_search() -> None:
    assert sum(bool(re.search(r"client\.m?search\(", (ROOT / name).read_text("utf-8"))) for name in FILES) > 8


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_searches_names_a_pipeline_and_none_counts(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"client\.count\(|/_count", text), "_count cannot name a pipeline: count by a search"
    if re.search(r"client\.(m?search|update_by_query|delete_by_query)\(", text):
        assert ELSEWHERE.get(name, "NO_PIPELINE") in text
