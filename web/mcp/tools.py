"""The tools: their names, what they are for, what they take and what they answer. None changes anything."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from clipseek.opensearch.search.browse import Listing
from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import BaseModel

from ..api.addresses import Addresses
from ..api.answer import FacetsAnswer, browse_answer, facet_answer, hit_answer, search_answer
from ..api.indexes import known_picture
from ..api.logged import log_search
from ..api.request.asked import asked_page
from ..api.request.body import Sent
from ..api.search import find, find_similar
from ..pictures.service import Pictures
from ..state import State
from .answers import CountAnswer, FoundAnswer, LookAnswer, count_answer, found_answer, look_answer
from .arguments import (
    Arguments,
    CountArguments,
    DescribeArguments,
    LookArguments,
    SearchArguments,
    SimilarArguments,
)
from .asked import asked_search, asked_similar, by_words_alone
from .description import IndexDescription, describe
from .look import MEDIA_TYPE, shown


class Told(Protocol):
    """An answer that can be read as text, too."""

    def told(self) -> str: ...
    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Tool:
    """``work`` blocks: it is given the state, the pictures and arguments of its own kind."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    answer: type[BaseModel]
    work: Callable[[State, Pictures, Any], CallToolResult]


def alias_of(state: State, asked: Arguments) -> str:
    return asked.index or state.settings.indexes[0]


def describe_index(state: State, pictures: Pictures, asked: DescribeArguments) -> CallToolResult:
    return _result(describe(state, alias_of(state, asked)))


def search_pictures(state: State, pictures: Pictures, asked: SearchArguments) -> CallToolResult:
    started, alias = time.perf_counter(), alias_of(state, asked)
    sent = asked_search(asked, state.settings)
    page = asked_page(sent.fields)
    calibrated = "cosine" in state.opened(alias).version.calibration
    if page.min_cosine is None and calibrated and by_words_alone(asked) and asked.kind != "caption":
        page = replace(page, min_cosine="auto")
    found, addresses = find(state, alias, sent, page), Addresses("", alias, shown=False)
    seconds = time.perf_counter() - started
    if isinstance(found, Listing):
        return _result(found_answer(alias, browse_answer(addresses, found, asked.start, seconds)))
    log_search(state, alias, sent, found, seconds, "mcp")
    return _result(found_answer(alias, search_answer(addresses, found, seconds, explain=False)))


def similar_pictures(state: State, pictures: Pictures, asked: SimilarArguments) -> CallToolResult:
    started, alias = time.perf_counter(), alias_of(state, asked)
    sent = Sent(asked_similar(asked))
    found = find_similar(state, alias, sent.fields)
    addresses, seconds = Addresses("", alias, shown=False), time.perf_counter() - started
    log_search(state, alias, sent, found, seconds, "mcp")
    return _result(found_answer(alias, search_answer(addresses, found, seconds, explain=False)))


def count_values(state: State, pictures: Pictures, asked: CountArguments) -> CallToolResult:
    alias, sent = alias_of(state, asked), asked_search(asked, state.settings)
    found = find(state, alias, sent, replace(asked_page(sent.fields), size=1))
    facets = facet_answer(found.facets)
    whole = FacetsAnswer(index=found.index, documents=found.documents, matched=found.matched, facets=facets)
    return _result(count_answer(alias, whole))


def look_at_picture(state: State, pictures: Pictures, asked: LookArguments) -> CallToolResult:
    alias = alias_of(state, asked)
    hit = hit_answer(Addresses("", alias, shown=False), known_picture(state, alias, asked.id), None, scored=False)
    seen = shown(pictures, alias, asked.id, asked.size)
    image = ImageContent(type="image", data=b64encode(seen.data).decode(), mime_type=MEDIA_TYPE)
    return _result(look_answer(hit, seen.width, seen.height, len(seen.data)), image)


def _result(answer: Told, *more: ImageContent) -> CallToolResult:
    text = TextContent(type="text", text=answer.told())
    return CallToolResult(content=[text, *more], structured_content=answer.model_dump(mode="json"))


TOOLS = (
    Tool(
        "describe_index",
        "What an index holds",
        "How many pictures an index holds, and the fields that they can be filtered, sorted and counted by: the most frequent "
        "values of each with their counts, the lowest and highest of numbers and dates. Call it before filtering.",
        DescribeArguments,
        IndexDescription,
        describe_index,
    ),
    Tool(
        "search_pictures",
        "Search pictures",
        "Find pictures by words, by a picture, by pictures of the index, or by any mix of them, within filters; best first, each "
        "with its id, caption, fields, and why it is there. Without anything to search for it lists the newest.",
        SearchArguments,
        FoundAnswer,
        search_pictures,
    ),
    Tool(
        "similar_pictures",
        "Similar pictures",
        "Pictures that look like one of the index, nearest first; with near only copies of it.",
        SimilarArguments,
        FoundAnswer,
        similar_pictures,
    ),
    Tool(
        "count_values",
        "Count values",
        "How many of the pictures that a search matches have each value of one or more fields, without listing them.",
        CountArguments,
        CountAnswer,
        count_values,
    ),
    Tool(
        "look_at_picture",
        "Look at a picture",
        "See one picture of the index, as an image, with its caption and fields.",
        LookArguments,
        LookAnswer,
        look_at_picture,
    ),
)
