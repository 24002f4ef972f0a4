"""The tools over a fake server that holds three pictures; asked by the SDK's client in this process."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from clipseek.testing import ColourEncoder
from clipseek.web.mcp.server import described_tools, make_server
from clipseek.web.settings import Settings
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, ImageContent, TextContent
from PIL import Image

from tests.unit.web.conftest import filled, picture


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder: Path = tmp_path_factory.mktemp("pictures")
    with filled(folder) as fake:
        yield Settings(fake.url, ("pictures",), roots=(folder,))


def call(settings: Settings, name: str, **arguments: Any) -> CallToolResult:
    async def asked() -> CallToolResult:
        server, state = make_server(settings, lambda settings, version: ColourEncoder())
        try:
            async with Client(server) as client:
                return await client.call_tool(name, arguments)
        finally:
            state.close()

    return anyio.run(asked)


def told(result: CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


def test_words_and_pictures_find_the_picture(settings: Settings) -> None:
    data = base64.b64encode(picture("green")).decode()
    by_words = call(settings, "search_pictures", text="red", limit=1)
    by_data = call(settings, "search_pictures", picture_data=f"data:image/png;base64,{data}", limit=1)
    by_file = call(settings, "search_pictures", picture_file=str(settings.roots[0] / "blue.png"), limit=1)
    for result, colour in ((by_words, "red"), (by_data, "green"), (by_file, "blue")):
        (hit,) = result.structured_content["hits"]
        assert (hit["rank"], hit["caption"]) == (1, f"a {colour} thing")
        assert f"a {colour} thing" in told(result)


def test_a_picture_comes_as_an_image(settings: Settings) -> None:
    (hit,) = call(settings, "search_pictures", text="blue", limit=1).structured_content["hits"]
    image = call(settings, "look_at_picture", id=hit["id"]).content[1]
    assert isinstance(image, ImageContent)
    with Image.open(io.BytesIO(base64.b64decode(image.data))) as seen:
        assert seen.size == (8, 8)
        assert seen.convert("RGB").getpixel((4, 4)) == pytest.approx((0, 0, 255), abs=8)


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("search_pictures", {"limit": 0}, "argument limit is 0: input should be greater than or equal to 1; change it"),
        ("search_pictures", {"text": 3}, "argument text is 3: input should be a valid string; change it"),
        ("look_at_picture", {"id": "x", "size": 99}, "argument size is 99: input should be 160, 320, 640 or 1280; change it"),
        ("look_at_picture", {}, "argument id is missing; give it"),
        ("describe_index", {"idx": "x"}, "argument 'idx' is not known; use index"),
        ("search_pictures", {"crop": [0, 0, 1, 1]}, "crop is a part of picture_file or picture_data; give one of them, too"),
        (
            "search_pictures",
            {"picture_file": "/a", "picture_data": "b"},
            "picture_file and picture_data are two pictures; give one of them",
        ),
        ("look_at_picture", {"id": "x"}, "no picture 'x' in index pictures; give the id of a hit"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(settings: Settings, name: str, arguments: dict[str, Any], line: str) -> None:
    result = call(settings, name, **arguments)
    assert (result.is_error, told(result)) == (True, line)


def test_an_unknown_tool_is_an_error_of_the_protocol(settings: Settings) -> None:
    async def asked() -> MCPError:
        server, _ = make_server(settings)
        async with Client(server) as client:
            with pytest.raises(MCPError) as refused:
                await client.call_tool("delete", {})
        return refused.value

    assert anyio.run(asked).message.startswith("there is no tool 'delete'; use one of describe_index, search_pictures")


def test_a_bug_is_told_without_its_text(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    def broken(settings: Settings, version: object) -> ColourEncoder:
        raise RuntimeError("secret folder")

    async def asked() -> CallToolResult:
        server, state = make_server(settings, broken)
        async with Client(server) as client:
            result = await client.call_tool("search_pictures", {"text": "red"})
        state.close()
        return result

    result = anyio.run(asked)
    assert (result.is_error, told(result)) == (True, "the request failed; what clipseek mcp wrote on stderr says why")
    assert "secret folder" in caplog.text


def test_schemas_name_the_indexes_and_fit_in_a_prompt() -> None:
    tools = described_tools(("icons", "photos"))
    for tool in tools:
        assert tool.input_schema["properties"]["index"]["enum"] == ["icons", "photos"]
    inputs = json.dumps([[tool.name, tool.description, tool.input_schema] for tool in tools])
    assert len(inputs) < 20_000
