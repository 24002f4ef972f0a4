"""Filters on a real server: 300 drawn at random equal Python's own comparison of what the source says, in every kind of search; and
what ingest makes of values as people have them.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import opensearchpy
import pytest
from click.testing import CliRunner
from clipseek.cli.search import search as search_command
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.columns import DeclaredColumns
from clipseek.opensearch.index.documents import index_action, item
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.searcher import Searcher
from clipseek.opensearch.values.date_formats import DateReader
from clipseek.opensearch.values.zones import read_zone
from clipseek.sources import Record, Skipped
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

from tests.comparisons import SIGNS

pytestmark = pytest.mark.integration
ENCODER = ColourEncoder()
PICTURES = 200
FIELDS: dict[str, Any] = {"day": "date", "weight": "number", "set": "keyword"}
ZONE = "Europe/Berlin"


def moment(rng: random.Random) -> datetime:
    """A second between 2023 and 2025 in UTC, often at an end of a month or a day of Berlin."""
    at = datetime(2023, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=rng.randrange(3 * 366 * 86400))
    if rng.random() < 0.4:
        local = at.astimezone(ZoneInfo(ZONE)).replace(day=1, hour=0, minute=0, second=0)
        at = (local - timedelta(seconds=rng.choice([0, 0, 1, 86400]))).astimezone(timezone.utc)
    return at


def written(at: datetime, rng: random.Random) -> str:
    """``at`` in one of the ways in which people have dates."""
    local = at.astimezone(ZoneInfo(ZONE))
    return rng.choice(
        [
            f"{local:%Y:%m:%d %H:%M:%S}",
            f"{local:%Y-%m-%d %H:%M:%S}",
            f"{local:%Y%m%d%H%M%S}",
            f"{local:%d.%m.%Y %H:%M:%S}",
            f"{at:%Y-%m-%dT%H:%M:%SZ}",
            f"{local.isoformat()}",
            str(int(at.timestamp()) * 1000),
        ]
    )


def drawn(rng: random.Random) -> list[dict[str, Any]]:
    """Pictures as a source has them, with what their dates mean beside."""
    made = []
    for number in range(PICTURES):
        at = moment(rng)
        if at.astimezone(ZoneInfo(ZONE)).month in (3, 10):
            at = at.replace(month=5, day=31)  # hours that come twice are not told apart without a zone
        row: dict[str, Any] = {"id": f"{number:03}", "at": at, "day": written(at, rng)}
        row["weight"] = rng.choice([rng.randrange(-3, 4), round(rng.uniform(-3, 3), 1), 2**53 - 1, -0.0, 1e300])
        row["set"] = rng.choice(["a", "b", "Zürich", "a,b", "7"])
        row["width"] = rng.choice([1, 2, 3, 640, 641, 2**31 - 1])
        for name in ("day", "weight", "set"):
            if rng.random() < 0.1:
                del row[name]
        made.append(row)
    return made


@pytest.fixture(scope="module", params=[1, 3], ids=["1 shard", "3 shards"])
def rows(
    client: opensearchpy.OpenSearch, request: pytest.FixtureRequest
) -> Iterator[tuple[Version, list[dict[str, Any]]]]:
    """An index of rows, and these rows."""
    made = drawn(random.Random(7))
    options = IndexOptions(fields=FIELDS, shards=request.param, time_zone=ZONE)
    alias = f"test-filters-{uuid.uuid4().hex[:8]}"
    version = versions.create(client, alias, fingerprint=ENCODER.fingerprint, dimension=4, options=options)
    columns = DeclaredColumns(FIELDS, DateReader(read_zone(ZONE), ("day-first",)))
    rng = np.random.default_rng(1)
    body = b""
    for row in made:
        more = {name: row[name] for name in FIELDS if name in row}
        one = item(Record(row["id"], Path(f"/p/{row['id']}.png"), ("a red car",), None, more), "0" * 64, columns)
        assert not one.unfound
        vector = rng.normal(size=4).astype(np.float32)
        document = one.document(vector / np.linalg.norm(vector), row["width"], 1, "2026-01-01T00:00:00Z")
        body += index_action(version.index, one.id, document)
    assert not client.bulk(body=body)["errors"]
    client.indices.refresh(index=version.index)
    yield version, made
    client.indices.delete(index=version.index)


PRECISIONS = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d", 13: "%Y-%m-%dT%H", 16: "%Y-%m-%d %H:%M", 19: "%Y:%m:%d %H:%M:%S"}


def condition(rng: random.Random, made: list[dict[str, Any]]) -> tuple[str, Callable[[dict[str, Any]], bool]]:
    """A filter, and whether a row fulfils it, by Python's comparison."""
    name, sign = rng.choice(["day", "weight", "width", "set"]), rng.choice(sorted(SIGNS))
    if name == "set":
        sign = rng.choice(["=", "!="])
        value = rng.choice(["a", "b", "Zürich", "a,b", "7", "none"])
        wanted = {*(part for part in value.split(",")), value}
        return f"set{sign}{value}", lambda row: (row.get("set") in wanted) == (sign == "=")
    if name == "day":
        zone = ZoneInfo(ZONE)
        form = rng.choice([*PRECISIONS.values(), "%Y%m%d"])
        near = rng.choice(made)["at"] if rng.random() < 0.7 else moment(rng)
        text = near.astimezone(zone).strftime(form)

        def cut(at: datetime) -> str:
            return at.astimezone(zone).strftime(form)

        # Texts of one form, zeros in front, are in the order of what they say.
        return f"day{sign}{text}", lambda row: sign == "!=" if "day" not in row else SIGNS[sign](cut(row["at"]), text)
    value = rng.choice(
        ["640", "640.5", "-1", "0", "-0.0", "2.5", "99999999999", "2147483647", "1e400", "-1e400", "3", "1e300"]
    )
    if name == "weight" and value == "99999999999":
        value = str(2**53 - 1)
    number = float if name == "weight" else Decimal  # what the field holds
    return (
        f"{name}{sign}{value}",
        lambda row: sign == "!=" if name not in row else SIGNS[sign](number(row[name]), number(value)),
    )


def found(client: opensearchpy.OpenSearch, version: Version, query: Query) -> set[str]:
    return {hit.id for hit in Searcher(client, version, ENCODER).search(query, page=Page(PICTURES)).hits}


def test_300_random_filters_are_pythons_own_comparisons(
    client: opensearchpy.OpenSearch, rows: tuple[Version, list[dict[str, Any]]]
) -> None:
    version, made = rows
    rng = random.Random(11)
    searcher = Searcher(client, version, ENCODER)
    kinds: list[Any] = ["caption", "vector", "hybrid"]
    some = 0
    for number in range(300):
        all_of = [condition(rng, made) for _ in range(rng.choice([0, 1, 1, 2]))]
        one_of = [condition(rng, made) for _ in range(rng.choice([0, 0, 1, 2, 3]) if all_of else 1)]
        expected = {
            row["id"]
            for row in made
            if all(holds(row) for _, holds in all_of) and (not one_of or any(holds(row) for _, holds in one_of))
        }
        texts, any_texts = (tuple(text for text, _ in several) for several in (all_of, one_of))
        query = Query("red car", kind=kinds[number % 3], filters=texts, any_filters=any_texts)
        answer = searcher.search(query, page=Page(PICTURES))
        assert {hit.id for hit in answer.hits} == expected, (texts, any_texts)
        assert answer.matched == len(expected), (texts, any_texts)
        some += bool(expected)
    assert some > 150, "hardly a filter left anything"


def test_a_picture_of_the_index_and_facets_know_or(
    client: opensearchpy.OpenSearch, rows: tuple[Version, list[dict[str, Any]]]
) -> None:
    version, made = rows
    either = ("set=a", "set=Zürich", "day<2023")
    answer = Searcher(client, version).search(
        Query(like=(("000", 1),), any_filters=either, filters=("width>2",)), page=Page(PICTURES, facets=("set",))
    )
    left = [row for row in made[1:] if row.get("set") in ("a", "Zürich") and row["width"] > 2]
    assert {hit.id for hit in answer.hits} == {row["id"] for row in left}
    assert dict(answer.facets["set"]) == {name: sum(row["set"] == name for row in left) for name in ("a", "Zürich")}


def test_the_command(
    client: opensearchpy.OpenSearch, opensearch_url: str, rows: tuple[Version, list[dict[str, Any]]]
) -> None:
    version, made = rows

    def run(*arguments: str) -> list[str]:
        given = [*arguments, "--like", "000", "--index", version.alias, "--url", opensearch_url, "-k", "200", "--json"]
        done = CliRunner().invoke(search_command, given, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return sorted(hit["id"] for hit in json.loads(done.stdout)["hits"])

    assert run("--any", "set=a", "--any", "set=b", "--filter", "width=3") == sorted(
        row["id"] for row in made[1:] if row.get("set") in ("a", "b") and row["width"] == 3
    )
    days = [row for row in made[1:] if "day" in row]
    assert run("--filter", "day<=2024-05") == sorted(
        row["id"] for row in days if row["at"].astimezone(ZoneInfo(ZONE)).strftime("%Y-%m") <= "2024-05"
    )
    # The index's zone holds, unless another is named.
    assert run("--filter", "day<=2024-05", "--time-zone", "UTC") == sorted(
        row["id"] for row in days if row["at"].strftime("%Y-%m") <= "2024-05"
    )


def test_what_the_server_would_refuse_is_answered_or_said_in_one_line(
    client: opensearchpy.OpenSearch, rows: tuple[Version, list[dict[str, Any]]]
) -> None:
    version, made = rows
    every = {row["id"] for row in made}
    weighed = {row["id"] for row in made if "weight" in row}
    for text, expected in (
        ("width>=99999999999", set()),
        ("width<99999999999", every),
        ("width=99999999999", set()),
        ("width!=99999999999", every),
        ("width>-99999999999", every),
        ("width>=1e400", set()),
        ("width<1e999999999", every),
        ("weight<1e400", weighed),
        ("weight>=-1e400", weighed),
        ("weight>1e400", set()),
        ("weight!=1e400", every),
        ("day<0002", set()),
        ("day>9999", set()),
    ):
        for kind in ("caption", "vector"):
            query = Query("red car", kind=kind, filters=(text,))
            assert found(client, version, query) == expected, text
    for text, reason in (
        ("weight=9007199254740993", r"beyond 2\^53.*--keyword weight"),
        ("set=" + "x" * 9000, "has 9,000 characters; pictures cannot be filtered"),
        ("day=31.05.2024", "the day or the month first"),
        ("day=2024-02-30", "no such day"),
    ):
        for given in ({"filters": (text,)}, {"any_filters": ("set=a", text)}):
            with pytest.raises(InvalidOption, match=reason):
                found(client, version, Query("red", **given))
    # As many conditions as there may be, beside a text of the greatest length.
    apart = ",".join(f"{1900 + number}-01-01" for number in range(0, 126, 2))
    for kind in ("caption", "vector", "hybrid"):
        words = " ".join(f"w{number}" for number in range(900))
        long = Query(words, kind=kind, filters=("width>0",), any_filters=(f"day={apart}",))  # type: ignore[arg-type]
        assert found(client, version, long) == set()


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-values-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get_alias(name=name):
        client.indices.delete(index=index)


def records(folder: Path, columns: list[dict[str, Any]]) -> list[Record | Skipped]:
    """One small picture for each dict of columns."""
    made: list[Record | Skipped] = []
    for number, more in enumerate(columns):
        path = folder / f"{number:03}.png"
        Image.new("RGB", (8, 8), (number, 0, 200)).save(path)
        made.append(Record(f"{number:03}", path, (f"number {number}",), None, more))
    return made


def values(client: opensearchpy.OpenSearch, alias: str, name: str) -> dict[str, list[Any]]:
    """What the server has indexed of a field, by the pictures' ids; dates in milliseconds."""
    client.indices.refresh(index=alias)
    field: Any = {"field": f"metadata.{name}", "format": "epoch_millis"} if name == "day" else f"metadata.{name}"
    answer = client.search(index=alias, body={"size": 1000, "docvalue_fields": [field], "_source": False})
    return {row["_id"]: row.get("fields", {}).get(f"metadata.{name}", []) for row in answer["hits"]["hits"]}


READ = ["20240531", 20240531, "2024:05:31", "2024-05-31", "2024/5/31", "2024-W22-5", "2024-152", "2024-05-31T00:00:00Z"]
TIMES = ["2024-05-31 10:00:00", "2024:05:31 10:00:00", "20240531100000", "2024-05-31T12:00+02:00", 1717149600000]
NO_DATES = [
    "31.05.2024",
    "202405",
    "0000:00:00 00:00:00",
    "0000",
    "2024-02-30",
    "2024-05-31T25:00",
    "10000-01-01",
    "+10000-01-01",
]
NO_DATES += ["2016-12-31T23:59:60Z", "-5", "٢٠٢٤-٠٥-٣١", "0", "1717149600", "-0001-01-01", "once"]


def test_dates_as_people_have_them_are_read_or_counted(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    entries = records(tmp_path, [{"day": value} for value in [*READ, *TIMES, *NO_DATES, True, 5, 1.5]])
    report = ingest(client, alias, ENCODER, entries, index_options=IndexOptions(fields=FIELDS))
    assert report.indexed == len(entries)
    there = [one for _, one in sorted(values(client, alias, "day").items())]
    assert there[: len(READ)] == [["1717113600000"]] * len(READ)
    assert there[len(READ) : len(READ) + len(TIMES)] == [["1717149600000"]] * len(TIMES)
    assert there[len(READ) + len(TIMES) :] == [[]] * (len(NO_DATES) + 3), "the server indexed what we cannot read"
    assert report.malformed == {"day": len(NO_DATES) + 3}
    assert {one.reason.split(" (")[0]: one.values for one in report.unfound} == {
        "a date with the day or the month first": 1,
        "a number that could mean several dates": 5,
        "no such day or time": 5,
        "no date": 7,
    }
    first = report.unfound[0]
    assert (first.example, first.file) == ("31.05.2024", str(tmp_path / "013.png"))
    # A hit shows what was written; the same command again finds nothing to do.
    shown = Searcher(client, versions.current(client, alias)).search(Query("number", kind="caption"), page=Page(50))
    assert {hit.metadata["day"] for hit in shown.hits if hit.id in ("013", "014")} == {"31.05.2024", "202405"}
    assert ingest(client, alias, ENCODER, entries).unchanged == len(entries)
    options = IngestOptions(date_formats=("day-first", "%Y%m"))
    again = ingest(client, alias, ENCODER, entries, options=options)
    assert (again.updated, again.malformed) == (2, {"day": len(NO_DATES) + 1})
    there = [one for _, one in sorted(values(client, alias, "day").items())]
    assert there[13:15] == [["1717113600000"], ["1714521600000"]]


def test_numbers_and_keywords_that_no_filter_finds_are_counted_and_kept(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    odd: list[Any] = [
        "9007199254740993",
        9007199254740992,
        10**30,
        "5d",
        "0x10",
        "1_000",
        True,
        " 12 ",
        "9007199254740991",
    ]
    odd_sets: list[Any] = ["x" * 8191, "x" * 8192, "東" * 9000, "😀" * 4095]
    entries = records(tmp_path, [*({"weight": value} for value in odd), *({"set": value} for value in odd_sets)])
    report = ingest(client, alias, ENCODER, entries, index_options=IndexOptions(fields=FIELDS))
    assert report.indexed == len(entries)
    numbers = [one for _, one in sorted(values(client, alias, "weight").items())][: len(odd)]
    assert numbers == [[], [], [], [], [], [], [], [12.0], [9007199254740991.0]]
    assert {(one.column, one.reason.split(",")[0]): (one.values, one.example[:20]) for one in report.unfound} == {
        ("weight", "beyond 2^53"): (3, "9007199254740993"),
        ("weight", "no number"): (4, "5d"),
        ("set", "longer than 8"): (2, "x" * 20),
    }
    sets = [len(one) for _, one in sorted(values(client, alias, "set").items())][len(odd) :]
    assert sets == [1, 0, 0, 1]
    version = versions.current(client, alias)
    assert found(client, version, Query("number", kind="caption", filters=("set=" + "x" * 8191,))) == {f"{len(odd):03}"}
    shown = {
        hit.id: hit.metadata
        for hit in Searcher(client, version).search(Query("number", kind="caption"), page=Page(50)).hits
    }
    assert shown["000"] == {"weight": "9007199254740993"}
    assert shown["003"] == {"weight": "5d"}
    assert shown[f"{len(odd) + 1:03}"] == {"set": "x" * 8192}
    # Declared as a keyword, as the message says, neighbours are two.
    other = f"{alias}-ids"
    try:
        ingest(client, other, ENCODER, entries, index_options=IndexOptions(fields={"weight": "keyword"}))
        ids = versions.current(client, other)
        assert found(client, ids, Query("number", kind="caption", filters=("weight=9007199254740993",))) == {"000"}
        assert found(client, ids, Query("number", kind="caption", filters=("weight=9007199254740992",))) == {"001"}
    finally:
        client.indices.delete(index=versions.current(client, other).index)


def test_a_column_that_is_declared_later_is_read_in_pictures_of_other_runs_too(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    columns = [{"day": "20240531", "weight": "5d"}, {"day": "31.05.2024", "weight": "7"}, {"day": "202405"}, {}]
    entries = records(tmp_path, columns)
    assert ingest(client, alias, ENCODER, entries).undeclared == ("day", "weight")
    options = IndexOptions(fields={"day": "date", "weight": "number"}, time_zone=ZONE)
    report: IngestReport = ingest(
        client, alias, ENCODER, entries[3:], index_options=options, options=IngestOptions(date_formats=("day-first",))
    )
    assert (report.indexed, report.updated, report.unchanged) == (0, 0, 1)
    assert [one for _, one in sorted(values(client, alias, "day").items())] == [
        ["1717106400000"],
        ["1717106400000"],
        [],
        [],
    ]
    assert [one for _, one in sorted(values(client, alias, "weight").items())] == [[], [7.0], [], []]
    version = versions.current(client, alias)
    assert (version.time_zone, dict(version.fields)) == (ZONE, {"day": "date", "weight": "number"})
    assert found(client, version, Query("number", kind="caption", filters=("day=2024-05-31",))) == {"000", "001"}
    with pytest.raises(InvalidOption, match="has read day in time zone Europe/Berlin, and keeps it"):
        ingest(client, alias, ENCODER, entries, index_options=IndexOptions(time_zone="UTC"))


def test_sort_and_facets_of_dates_go_on(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    days = ["2024:05:31 10:00:00", "20230101", "2024-05", "once", "2025"]
    entries = records(tmp_path, [{"day": day} for day in days])
    ingest(client, alias, ENCODER, entries, index_options=IndexOptions(fields=FIELDS))
    searcher = Searcher(client, versions.current(client, alias), ENCODER)
    for kind in ("caption", "hybrid", "vector"):
        query = Query("number", kind=kind)
        answer = searcher.search(query, page=Page(10, sort="day", facets=("day",)))
        assert [hit.id for hit in answer.hits] == ["001", "002", "000", "004", "003"]
        assert sum(number for _, number in answer.facets["day"]) == 4
        for value, number in answer.facets["day"]:
            again = searcher.search(Query("number", kind=kind, filters=(f"day={value}",)))
            assert len(again.hits) == number, "a value of a facet is a filter"


def test_a_facet_of_days_is_written_in_the_indexs_zone(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    entries = records(tmp_path, [{"day": "2024:05:31", "weight": "5"}, {"day": "20240601", "weight": 5}])
    ingest(client, alias, ENCODER, entries, index_options=IndexOptions(fields=FIELDS, time_zone=ZONE))
    searcher = Searcher(client, versions.current(client, alias), ENCODER)
    answer = searcher.search(Query("number"), page=Page(facets=("day", "weight")))
    assert answer.facets == {"day": [("2024-05-31", 1), ("2024-06-01", 1)], "weight": [("5", 2)]}


def test_a_picture_with_several_values_has_each(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    days = ("2024:05:31", "once", "20240701")
    entries = records(tmp_path, [{"day": days, "weight": ("1", "9007199254740993", "5")}, {"day": "2024-06"}])
    report = ingest(client, alias, ENCODER, entries, index_options=IndexOptions(fields=FIELDS))
    assert report.malformed == {"day": 1, "weight": 1}
    version = versions.current(client, alias)
    for text, expected in (
        ("day=2024-05", {"000"}),
        ("day!=2024-05", {"001"}),
        ("day=2024-06", {"001"}),  # between the two of the first, which are none of June
        ("day<=2024-06", {"000", "001"}),
        ("weight=5", {"000"}),
        ("weight=3", set()),
        ("weight>1", {"000"}),
    ):
        assert found(client, version, Query("number", filters=(text,))) == expected, text
    (first,) = [
        hit for hit in Searcher(client, version).search(Query("number", kind="caption")).hits if hit.id == "000"
    ]
    assert first.metadata == {
        "day": ["2024-05-31", "2024-07-01", "once"],
        "weight": [1, 5, "9007199254740993"],
    }
