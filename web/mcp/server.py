"""The Model Context Protocol server, over standard input and output."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from typing import Any

import anyio
import anyio.to_thread
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import BaseModel, ValidationError

from ..pictures.service import Pictures
from ..settings import Settings
from ..state import OpenEncoder, State
from .failures import invalid, one_line
from .tools import TOOLS

_READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_INSTRUCTIONS = (
    "Image search: by words, by a picture, by both. Nothing can be changed here. describe_index says what there is and what it can "
    "be filtered by; search_pictures finds pictures, look_at_picture shows one by its id."
)


def make_server(settings: Settings, open_encoder: OpenEncoder | None = None) -> tuple[Server[Any], State]:
    """The server over the indexes of ``settings``, and what it holds, to be closed. ``open_encoder``: of ``State``."""
    state = State(settings, open_encoder)
    pictures = Pictures(state, settings)
    by_name = {tool.name: tool for tool in TOOLS}
    limiter = anyio.CapacityLimiter(settings.threads)

    async def list_tools(_: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=described_tools(settings.indexes))

    async def call_tool(_: Any, params: CallToolRequestParams) -> CallToolResult:
        tool = by_name.get(params.name)
        if tool is None:
            told = f"there is no tool {params.name[:80]!r}; use one of {', '.join(by_name)}"
            raise MCPError(INVALID_PARAMS, told)
        try:
            asked = tool.arguments.model_validate(params.arguments or {})
        except ValidationError as failure:
            return _failed(
                invalid(failure, [field.alias or name for name, field in tool.arguments.model_fields.items()])
            )
        try:
            return await anyio.to_thread.run_sync(lambda: tool.work(state, pictures, asked), limiter=limiter)
        except Exception as failure:
            return _failed(one_line(failure))

    server: Server[Any] = Server(
        "clipseek",
        version=version("clipseek"),
        instructions=_INSTRUCTIONS
        + ("" if settings.log is None else f" Searches are logged for {settings.log.days} days."),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    return server, state


def described_tools(indexes: tuple[str, ...]) -> list[Tool]:
    """The tools with their JSON schemas; ``indexes`` are those that can be named."""
    found = []
    for tool in TOOLS:
        schema = _schema(tool.arguments)
        schema["properties"]["index"] = {
            "type": "string",
            "enum": list(indexes),
            "default": indexes[0],
            "description": "Name of the index.",
        }
        found.append(
            Tool(
                name=tool.name,
                title=tool.title,
                description=tool.description,
                input_schema=schema,
                output_schema=_schema(tool.answer, "serialization"),
                annotations=_READ_ONLY,
            )
        )
    return found


def serve(settings: Settings) -> None:
    """Answer until standard input ends. Nothing but the protocol is written on standard output."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    server, state = make_server(settings)
    state.start()
    try:
        anyio.run(_serve, server)
    finally:
        state.close()


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _schema(model: type[BaseModel], mode: Any = "validation") -> dict[str, Any]:
    return model.model_json_schema(by_alias=True, mode=mode)


def _failed(line: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=line)], is_error=True)
