"""Columns of a source that are called as fields of ours: refused where they are declared, kept where they are not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import opensearchpy
import pytest
from click.testing import CliRunner
from clipseek.cli.ingest import ingest as command
from clipseek.opensearch import Page, Query, Searcher
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from clipseek.testing import ColourEncoder

from tests.older_index import picture_file, restore, write_source
from tests.shipped import TUNED

pytestmark = pytest.mark.integration
OWN = (
    "caption", "content_hash", "height", "image_id", "image_uri", "image_vector", "ingested_at", "look", "metadata", "part",
    "pixel_rules", "source_entries", "source_names", "source_places", "width",
)  # fmt: skip


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-names-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get(index=f"{name}*"):
        client.indices.delete(index=index)


def test_every_field_of_ours_is_in_the_list(client: opensearchpy.OpenSearch, alias: str) -> None:
    made = versions.create(client, alias, fingerprint="ab" * 32, dimension=4)
    mapping = client.indices.get_mapping(index=made.index)[made.index]["mappings"]
    assert sorted(mapping["properties"]) == list(OWN)


@pytest.mark.parametrize("column", OWN)
def test_declared_they_are_refused_before_anything_is_made(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path, column: str
) -> None:
    entries = list(read_source(write_source(tmp_path)))
    options = IndexOptions(fields={"set": "keyword", f" {column} ": "keyword"})
    with pytest.raises(
        InvalidOption, match=f"column ' {column} ' cannot be declared: .* names taken are caption, "
    ) as caught:
        ingest(client, alias, ColourEncoder(), entries, index_options=options)
    assert "\n" not in str(caught.value)
    assert all(name in str(caught.value) for name in OWN)
    assert versions.find(client, alias) is None
    # Nor later, in an index that is there.
    ingest(client, alias, ColourEncoder(), entries)
    with pytest.raises(InvalidOption, match="cannot be declared"):
        ingest(client, alias, ColourEncoder(), entries, index_options=options)
    assert versions.current(client, alias).fields == {}


def test_undeclared_they_are_kept_and_no_field_of_ours_is_touched(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    (tmp_path / "0.ppm").write_bytes(picture_file(0))
    row = {"image": "0.ppm", "id": "p", "width": "wide", "look": "nice", "image_vector": [1, 2], "metadata": {"a": 1}}
    (tmp_path / "m.jsonl").write_text(json.dumps(row))
    report = ingest(client, alias, ColourEncoder(), read_source(tmp_path / "m.jsonl"))
    assert (report.indexed, report.rejected) == (1, 0)
    assert report.undeclared == ("width", "look", "image_vector", "metadata")
    searcher = Searcher.open(client, alias, ColourEncoder())
    (hit,) = searcher.search(Query("red", kind="vector", filters=("width=8",)), page=Page(facets=("width",))).hits
    assert dict(hit.metadata) == {
        "width": "wide", "look": "nice", "image_vector": ["1", "2"], "metadata": '{"a": 1}',
    }  # fmt: skip
    with pytest.raises(InvalidOption, match=r"'metadata.width' is not indexed here"):
        searcher.search(Query("red", kind="vector", filters=("metadata.width=wide",)))


def test_an_index_that_has_such_a_column_goes_on_with_it(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    index = restore(client, "plain", alias, tmp_path)
    column = {"metadata": {"dynamic": False, "properties": {"width": {"type": "double", "ignore_malformed": True}}}}
    client.indices.put_mapping(index=index, body={"properties": column})
    (tmp_path / "new.ppm").write_bytes(picture_file(99))
    (tmp_path / "m.jsonl").write_text(json.dumps({"image": "new.ppm", "id": "new", "width": 7}))
    options = IndexOptions(fields={"width": "number"})
    assert ingest(client, alias, ColourEncoder(), read_source(tmp_path / "m.jsonl"), index_options=options).indexed == 1
    (hit,) = (
        Searcher.open(client, alias, ColourEncoder()).search(Query("red", kind="vector", filters=("width=7",))).hits
    )
    assert hit.id == "new"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("width", "clipseek: column 'width' cannot be declared"),
        ("id", "column 'id' is kept as image_id, which every picture has"),
        ("image", "column 'image' is kept as image_uri"),
    ],
)
def test_the_command(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path, opensearch_url: str, column: str, words: str
) -> None:
    where = ("--index", alias, "--url", opensearch_url, "--model", str(TUNED))
    done = CliRunner().invoke(command, [str(write_source(tmp_path)), *where, "--keyword", column])
    said = done.stderr if column != "width" else f"clipseek: {done.exception}"
    assert done.exit_code != 0
    assert words in said
    assert versions.find(client, alias) is None
