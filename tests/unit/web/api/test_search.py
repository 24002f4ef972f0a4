from __future__ import annotations

import httpx


def test_words_find_the_picture_and_say_why(client: httpx.Client) -> None:
    answer = client.post("/api/v1/indexes/pictures/search", json={"text": "red", "explain": True})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    first = body["hits"][0]
    assert (body["kind"], body["documents"], first["rank"]) == ("hybrid", 3, 1)
    assert (first["caption"], first["marks"], first["shares"]) == ("a red thing", [], {"caption": 0.5, "vector": 0.5})
    assert [term["clause"] for term in first["terms"]] == ["caption", "vector"]


def test_a_query_that_cannot_be_is_a_problem_with_the_next_thing_to_do(client: httpx.Client) -> None:
    answer = client.post("/api/v1/indexes/pictures/search", json={"text": "red", "filters": ["price<3"]})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["detail"].startswith("filter field 'price' is not indexed here")
    assert answer.json()["next"].startswith("use one of image_id")


def test_unknown_fields_are_refused(client: httpx.Client) -> None:
    answer = client.post("/api/v1/indexes/pictures/search", json={"txt": "red"})
    assert (answer.status_code, answer.json()["detail"].split(";")[0]) == (422, "txt: Extra inputs are not permitted")


def test_one_picture_too_many_is_refused(client: httpx.Client) -> None:
    uploads = [("upload", (f"{at}.png", b"any")) for at in range(65)]
    answer = client.post("/api/v1/indexes/pictures/search", files=uploads)
    assert (answer.status_code, answer.json()["detail"]) == (422, "65 pictures are too many; send at most 64")
