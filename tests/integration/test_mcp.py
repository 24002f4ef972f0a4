"""``clipseek mcp`` in a process of its own, on a real server with a real model, asked by the SDK's own client."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import Query, Searcher, connect
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.inventory import delete_index
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import Record
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, ImageContent, TextContent
from PIL import Image, ImageChops, ImageDraw, ImageStat

from tests.shipped import TUNED

pytestmark = pytest.mark.integration
ALIAS = f"test-mcp-{uuid.uuid4().hex[:8]}"
SHAPES = ("circle", "square", "triangle", "cross", "ring", "bar")
Result = TypeVar("Result")


def drawn(shape: str, sides: tuple[int, int] = (300, 200)) -> Image.Image:
    """A dark shape on a light ground."""
    picture = Image.new("RGB", sides, (240, 230, 200))
    draw, box, dark = ImageDraw.Draw(picture), (80, 40, 200, 160), (20, 40, 120)
    if shape == "circle":
        draw.ellipse(box, fill=dark)
    elif shape == "square":
        draw.rectangle(box, fill=dark)
    elif shape == "triangle":
        draw.polygon([(140, 30), (60, 170), (220, 170)], fill=dark)
    elif shape == "cross":
        draw.line((80, 40, 200, 160), fill=dark, width=24)
        draw.line((80, 160, 200, 40), fill=dark, width=24)
    elif shape == "ring":
        draw.ellipse(box, outline=dark, width=14)
    else:
        draw.rectangle((20, 90, 280, 110), fill=dark)
    return picture


@dataclass
class Asked:
    """How ``clipseek mcp`` is started, and where its pictures lie."""

    options: list[str]
    folder: Path

    def run(self, work: Callable[[Client], Awaitable[Result]]) -> Result:
        """What ``work`` does with a client of a new process."""

        async def connected() -> Result:
            command = ["-m", "clipseek.cli", "mcp", *self.options]
            # The SDK hands on little of the environment; a client's own settings name the rest, as those of access.
            settings = {name: value for name, value in os.environ.items() if name.startswith("CLIPSEEK_")}
            parameters = StdioServerParameters(command=sys.executable, args=command, env=settings)
            async with Client(stdio_client(parameters)) as client:
                return await work(client)

        return anyio.run(connected)

    def call(self, *calls: tuple[str, dict[str, Any]]) -> list[CallToolResult]:
        async def each(client: Client) -> list[CallToolResult]:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

        return self.run(each)


@pytest.fixture(scope="module")
def asked(opensearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("pictures")
    records = []
    for at, shape in enumerate(SHAPES):
        path = folder / f"{shape}.png"
        drawn(shape).save(path)
        facts = {"shape": shape, "side": "left" if at % 2 else "right", "day": f"2024-0{1 + at}-15", "weight": at / 2}
        records.append(Record(shape, path, (f"A {shape}, drawn by hand",), metadata=facts))
    client = connect(opensearch_url)
    fields: Any = {"shape": "keyword", "side": "keyword", "day": "date", "weight": "number"}
    ingest(client, ALIAS, ClipEncoder(Bundle.load(TUNED)), records, index_options=IndexOptions(fields=fields))
    options = ["--url", opensearch_url, "--index", ALIAS, "--model", str(TUNED), "--pictures", str(folder)]
    try:
        yield Asked(options, folder)
    finally:
        delete_index(client, ALIAS)


def text(result: CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


def found(result: CallToolResult) -> list[str]:
    assert not result.is_error, text(result)
    assert all(hit["id"] in text(result) for hit in result.structured_content["hits"])
    return [hit["id"] for hit in result.structured_content["hits"]]


def test_the_tools_say_what_they_take_and_change_nothing(asked: Asked) -> None:
    tools = {tool.name: tool for tool in asked.run(lambda client: client.list_tools()).tools}
    assert tools.keys() == {
        "describe_index",
        "search_pictures",
        "similar_pictures",
        "count_values",
        "look_at_picture",
    }
    for tool in tools.values():
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        assert tool.output_schema is not None
        assert tool.input_schema["properties"]["index"]["enum"] == [ALIAS]
        assert tool.input_schema["additionalProperties"] is False
        for name, argument in tool.input_schema["properties"].items():
            assert argument.get("description"), f"{tool.name}: {name}"
    assert tools["similar_pictures"].input_schema["required"] == ["id"]


def test_words_a_picture_and_both_find_what_the_library_finds(asked: Asked, opensearch_url: str) -> None:
    circle = drawn("circle")
    buffer = io.BytesIO()
    circle.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    by_words, by_file, by_data, by_both, by_crop = asked.call(
        ("search_pictures", {"text": "triangle", "limit": 3}),
        ("search_pictures", {"picture_file": str(asked.folder / "ring.png")}),
        ("search_pictures", {"picture_data": data, "limit": 2}),
        ("search_pictures", {"picture_data": data, "text": "bar", "not": ["cross"]}),
        ("search_pictures", {"picture_data": data, "crop": [0.2, 0.1, 0.6, 0.8], "limit": 1}),
    )
    client = connect(opensearch_url)
    searcher = Searcher(client, versions.current(client, ALIAS), ClipEncoder(Bundle.load(TUNED)))
    library = searcher.search(Query("triangle")).hits
    assert found(by_words) == [hit.id for hit in library[:3]]
    first = by_words.structured_content["hits"][0]
    assert (first["id"], first["caption"], first["metadata"]["side"]) == (
        "triangle",
        "A triangle, drawn by hand",
        "right",
    )
    assert first["score"] == pytest.approx(library[0].score, abs=1e-5)
    assert set(first["shares"]) == {"caption", "vector"}
    assert by_words.structured_content["next_start"] == 3
    assert (found(by_file)[0], by_file.structured_content["hits"][0]["cosine"]) == (
        "ring",
        pytest.approx(1, abs=1e-4),
    )
    assert found(by_data)[0] == "circle"
    assert by_both.structured_content["kind"] == "hybrid"
    assert set(found(by_both)) == set(SHAPES)
    assert found(by_crop)
    assert by_crop.structured_content["hits"][0]["cosine"] < 0.9999


def test_filters_similar_and_counts(asked: Asked) -> None:
    either, month, some, newest, near, counts = asked.call(
        ("search_pictures", {"text": "drawn", "filters": ["shape=ring,bar"]}),
        ("search_pictures", {"filters": ["day>=2024-02", "day<=2024-04"], "sort": "weight:desc"}),
        ("search_pictures", {"any": ["day=2024-05", "weight<0.5"], "sort": "shape:asc"}),
        ("search_pictures", {"limit": 4, "start": 4}),
        ("similar_pictures", {"id": "circle", "filters": ["side=right"]}),
        ("count_values", {"facets": ["side", "day"], "filters": ["shape!=circle"]}),
    )
    assert set(found(either)) == {"ring", "bar"}
    assert found(month) == ["cross", "triangle", "square"]  # April is all of April
    assert found(some) == ["circle", "ring"]
    assert (len(found(newest)), newest.structured_content["kind"]) == (2, "browse")
    assert newest.structured_content["next_start"] is None
    assert set(found(near)) == {"triangle", "ring"}
    assert counts.structured_content["matched"] == 5
    values = {one["value"]: one["count"] for one in counts.structured_content["facets"]["side"]}
    assert values == {"left": 3, "right": 2}
    assert "side: left (3), right (2)" in text(counts)


def test_an_index_is_described_with_values_to_filter_by(asked: Asked) -> None:
    (described,) = asked.call(("describe_index", {}))
    answer = described.structured_content
    assert (answer["documents"], answer["captions"], answer["pictures"]) == (6, True, True)
    fields = {field["name"]: field for field in answer["fields"]}
    assert {one["value"]: one["count"] for one in fields["side"]["values"]} == {"left": 3, "right": 3}
    assert (fields["day"]["lowest"], fields["day"]["highest"]) == ("2024-01-15", "2024-06-15")
    assert (fields["weight"]["lowest"], fields["weight"]["highest"]) == ("0", "2.5")
    assert "weight (number): 0 to 2.5" in text(described)
    ends = [f"day>={fields['day']['highest']}"]
    (last,) = asked.call(("search_pictures", {"filters": ends}))
    assert found(last) == ["bar"]


def test_a_picture_is_shown_as_it_is(asked: Asked) -> None:
    whole, small = asked.call(
        ("look_at_picture", {"id": "cross"}), ("look_at_picture", {"id": "triangle", "size": 160})
    )
    for result, shape, sides in ((whole, "cross", (300, 200)), (small, "triangle", (160, 107))):
        image = result.content[1]
        assert isinstance(image, ImageContent)
        assert image.mime_type == "image/webp"
        with Image.open(io.BytesIO(base64.b64decode(image.data))) as opened:
            seen = opened.convert("RGB")
        assert seen.size == sides
        answer = result.structured_content
        assert (answer["shown_width"], answer["shown_height"]) == sides
        assert (answer["id"], answer["width"], answer["metadata"]["shape"]) == (shape, 300, shape)
        # WebP and resizing change pixels a little; another shape changes them much.
        differences = {
            other: sum(ImageStat.Stat(ImageChops.difference(seen, drawn(other).resize(sides))).mean) for other in SHAPES
        }
        assert min(differences, key=differences.__getitem__) == shape
        assert differences[shape] < 6 < 2 * 6 < sorted(differences.values())[1]


def test_what_cannot_be_is_an_error_of_one_line(asked: Asked, tmp_path: Path) -> None:
    outside, text_file = tmp_path / "outside.png", asked.folder / "words.txt"
    drawn("bar").save(outside)
    text_file.write_text("no picture")
    try:
        results = asked.call(
            ("look_at_picture", {"id": "pentagon"}),
            ("similar_pictures", {"id": "pentagon"}),
            ("search_pictures", {"text": "bar", "filters": ["colour=red"]}),
            ("count_values", {"facets": ["colour"]}),
            ("search_pictures", {"text": "bar", "filters": ["day=yesterday"]}),
            ("search_pictures", {"limit": 1000}),
            ("search_pictures", {"words": "bar"}),
            ("look_at_picture", {}),
            ("search_pictures", {"picture_file": str(outside)}),
            ("search_pictures", {"picture_file": str(text_file)}),
            ("search_pictures", {"picture_file": "ring.png"}),
            ("search_pictures", {"picture_data": "no base64"}),
            ("search_pictures", {"text": "bar", "index": "another"}),
        )
    finally:
        text_file.unlink()
    told = [text(result) for result in results]
    assert all(result.is_error for result in results)
    for line, expected in zip(
        told,
        (
            f"no picture 'pentagon' in index {ALIAS}; give the id of a hit",
            f"no picture 'pentagon' in index {ALIAS}; give the id of a hit",
            "filter field 'colour' is not indexed here; use one of day, shape, side, weight, image_id",
            "facet field 'colour' is not indexed here; use one of day, shape, side, weight, image_id",
            "'yesterday' is no date for day; write one like 2024-05-31",
            "argument limit is 1000: input should be less than or equal to 50; change it",
            "argument 'words' is not known; use index, filters, any",
            "argument id is missing",
            "the picture lies outside of the folders that are shown; name its folder with clipseek mcp --pictures ROOT",
            "the query picture cannot be used: not an image, or of a format other than",
            "picture_file 'ring.png' is no absolute path; give all of it",
            "a picture's data is not base64; encode the file's bytes",
            f"no index 'another' is served here; choose one of {ALIAS}",
        ),
        strict=True,
    ):
        assert expected in line, line
        assert "\n" not in line


def test_it_starts_without_the_server_and_says_so_at_each_call(asked: Asked) -> None:
    away = Asked(["--url", "http://127.0.0.1:9", "--index", ALIAS], asked.folder)
    (search, describe, look) = away.call(
        ("search_pictures", {"text": "bar"}), ("describe_index", {}), ("look_at_picture", {"id": "bar"})
    )
    for result in (search, describe, look):
        assert result.is_error
        assert text(result).startswith("the search server does not answer; try again in some seconds")


def test_without_folders_pictures_are_off(asked: Asked) -> None:
    off = Asked(asked.options[:-2], asked.folder)
    look, search, described = off.call(
        ("look_at_picture", {"id": "bar"}),
        ("search_pictures", {"picture_file": str(asked.folder / "bar.png")}),
        ("describe_index", {}),
    )
    assert look.is_error
    assert "clipseek mcp --pictures ROOT" in text(look)
    assert search.is_error
    assert described.structured_content["pictures"] is False


def test_stdout_carries_the_protocol_alone(asked: Asked) -> None:
    command = [sys.executable, "-m", "clipseek.cli", "mcp", *asked.options]
    done = subprocess.run(command, input="no protocol\n", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert all(line.startswith('{"jsonrpc"') for line in done.stdout.splitlines())
    gone = [sys.executable, "-m", "clipseek.cli", "mcp", "--url", "http://127.0.0.1:9"]
    failed = subprocess.run(gone, input="", capture_output=True, text=True, timeout=60, check=False)
    assert (failed.returncode, failed.stdout, len(failed.stderr.splitlines())) == (1, "", 1), failed.stderr
