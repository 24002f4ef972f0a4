"""The figures: routes by their patterns, vectors that were known, and no word of any query."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

SEARCH = "/api/v1/indexes/pictures/search"


def figures(client: httpx.Client) -> dict[tuple[str, ...], float]:
    """Every figure by its name and its labels' values."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(client: httpx.Client) -> None:
    before = figures(client)
    client.post(SEARCH, json={"text": "red"})
    client.post(SEARCH, json={"txt": "red"})
    client.post("/api/v1/indexes/secret/search", json={"text": "red"})
    client.get("/nothing/secret")
    client.request("BREW", SEARCH)
    now = figures(client)
    counted = "clipseek_requests_total"
    route = "/api/v1/indexes/{index}/search"
    for key, more in {
        (counted, "POST", route, "200"): 1,
        (counted, "POST", route, "422"): 1,
        (counted, "POST", route, "404"): 1,
        (counted, "GET", "other", "404"): 1,
        (counted, "other", route, "405"): 1,
        ("clipseek_request_seconds_count", route): 4,
    }.items():
        assert now[key] - before.get(key, 0) == more, key
    assert now[("clipseek_requests_in_flight",)] == 1  # the one that asks
    text = client.get("/metrics").text
    assert "secret" not in text
    assert "BREW" not in text
    assert "red" not in text.split()


def test_a_query_is_encoded_once(client: httpx.Client) -> None:
    asked = {"text": "a word that nothing else searches for"}
    client.post(SEARCH, json=asked)
    before = figures(client)
    for weight in (0.1, 0.2, 0.3):
        client.post(SEARCH, json={**asked, "fusion": {"weight": weight}})
        client.post(SEARCH, json={**asked, "start": 1, "size": 1})
    now = figures(client)
    assert now[("clipseek_query_vectors_total", "encoded")] == before[("clipseek_query_vectors_total", "encoded")]
    assert now[("clipseek_query_vectors_total", "known")] - before[("clipseek_query_vectors_total", "known")] == 6
    assert now[("clipseek_stage_seconds_count", "server")] - before[("clipseek_stage_seconds_count", "server")] == 6
