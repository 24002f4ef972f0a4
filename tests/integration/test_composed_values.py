"""Text composed and decomposed, ingested into a real server: captions, values, columns, files, ids, and what finds them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from unicodedata import normalize
from urllib.parse import unquote

import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.image_uri import image_uri
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.searcher import Searcher
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

pytestmark = pytest.mark.integration
Form = Literal["NFC", "NFD"]
FORMS: list[Form] = ["NFC", "NFD"]
ENCODER = ColourEncoder()
CITIES = ["Zürich", "테스트", "Hà Nội", "São Paulo", "Łódź", "Αθήνα", "पटना"]


@pytest.fixture(scope="module")
def searcher(client: opensearchpy.OpenSearch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """Of each city two pictures, one with everything composed and one with everything decomposed; the manifest has the file names
    in the other form than the disk.
    """
    folder, alias = tmp_path_factory.mktemp("composed"), f"test-composed-{uuid.uuid4().hex[:8]}"
    rows: list[dict[str, str]] = []
    for number, city in enumerate(CITIES):
        for form in FORMS:
            name = f"{city} {form} ö.png"
            Image.new("RGB", (4, 4), (200 + number, 0, len(rows))).save(folder / normalize(form, name))
            columns = {"image": name, "caption": f"a café in {city} red", "größe": city, "id": f"{city}-{form}"}
            rows.append({normalize(form, key): normalize(form, value) for key, value in columns.items()})
            rows[-1]["image"] = normalize("NFD" if form == "NFC" else "NFC", name)
    manifest = folder / "m.jsonl"
    manifest.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    options = IndexOptions(fields={normalize("NFD", "größe"): "keyword"})
    report = ingest(client, alias, ENCODER, read_source(manifest), index_options=options)
    version = versions.current(client, alias)
    assert (report.indexed, report.skipped, dict(version.fields)) == (len(rows), {}, {"größe": "keyword"})
    again = ingest(client, alias, ENCODER, read_source(manifest), index_options=options)
    assert again.unchanged == len(rows)
    yield Searcher(client, version, ENCODER)
    client.indices.delete(index=version.index)


def names(answer: Answer) -> set[str]:
    return {hit.id for hit in answer.hits}


def both(city: str) -> set[str]:
    return {normalize(form, f"{city}-{form}") for form in FORMS}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("city", CITIES)
def test_each_form_finds_both(searcher: Searcher, city: str, form: Form) -> None:
    asked, column = normalize(form, city), normalize(form, "größe")
    hits = searcher.search(Query(asked, kind="caption", match="phrase")).hits
    assert {hit.id for hit in hits} == both(city)
    assert {hit.caption for hit in hits} == {normalize("NFC", f"a café in {city} red")}
    assert {hit.metadata["größe"] for hit in hits} == {normalize("NFC", city)}
    assert all([text for text, matched in hit.pieces() if matched] == normalize("NFC", city).split() for hit in hits)
    for kind in ("vector", "caption", "hybrid"):
        found = searcher.search(Query("red", kind=kind, filters=(f"{column}={asked}",)))
        assert names(found) == both(city)
    rest = searcher.search(Query("red", filters=(f"{column}!={asked}",)), page=Page(size=50))
    assert len(rest.hits) == 2 * len(CITIES) - 2
    assert names(rest).isdisjoint(both(city))
    wanted = searcher.search(Query("red", any_filters=(f"metadata.{column}={asked},nowhere",)))
    assert names(wanted) == both(city)
    unwanted = searcher.search(Query("red", kind="caption", unwanted=(asked,)), page=Page(size=50))
    assert names(unwanted).isdisjoint(both(city))


@pytest.mark.parametrize("form", FORMS)
def test_a_facet_has_one_value_and_sorting_knows_the_column(searcher: Searcher, form: Form) -> None:
    column = normalize(form, "größe")
    answer = searcher.search(Query("red"), page=Page(size=50, facets=(column,), sort=f"{column}:desc"))
    (counted,) = answer.facets.values()
    assert sorted(counted) == sorted((normalize("NFC", city), 2) for city in CITIES)
    values = [hit.metadata["größe"] for hit in answer.hits]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("city", CITIES)
def test_files_and_ids_are_as_they_are_and_found_in_both_forms(searcher: Searcher, city: str, form: Form) -> None:
    every = searcher.search(Query("red"), page=Page(size=50)).hits
    for own in FORMS:
        (hit,) = [hit for hit in every if hit.id == normalize(own, f"{city}-{own}")]
        assert unquote(hit.uri).endswith(normalize(own, f"/{city} {own} ö.png"))
        path = Path(normalize(form, f"/{city} {own} ö.png"))
        asked = hit.uri.rpartition("/")[0] + image_uri(path).removeprefix("file://")
        assert names(searcher.search(Query("red", filters=(f"image_uri={asked}",)))) == {hit.id}
        by_id = normalize(form, f"{city}-{own}")
        assert names(searcher.search(Query("red", filters=(f"image_id={by_id}",)))) == {hit.id}


def test_values_that_an_older_clipseek_stored_decomposed(client: opensearchpy.OpenSearch) -> None:
    alias = f"test-composed-{uuid.uuid4().hex[:8]}"
    options = IndexOptions(fields={"city": "keyword"})
    made = versions.create(client, alias, fingerprint=ENCODER.fingerprint, dimension=4, options=options)
    try:
        for number, city in enumerate(CITIES):
            for form in FORMS:
                vector = ENCODER.encode_texts(["red"])[0].tolist()
                document = {
                    "image_id": f"{number}{form}",
                    "metadata": {"city": normalize(form, city)},
                    "image_vector": vector,
                }
                client.index(index=made.index, id=f"{number}{form}", body=document, params={"refresh": "true"})
        searcher = Searcher(client, made, ENCODER)
        for number, city in enumerate(CITIES):
            for form in FORMS:
                found = searcher.search(Query("red", kind="vector", filters=(f"city={normalize(form, city)}",)))
                assert names(found) == {f"{number}NFC", f"{number}NFD"}
    finally:
        client.indices.delete(index=made.index)
