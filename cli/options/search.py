"""The options of ``clipseek search``: what is searched with, and which hits are shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .gathering import gathered, named_options
from .query_pictures import CROP_HELP, read_query_picture

if TYPE_CHECKING:
    from clipseek.opensearch import Page, Query


@dataclass(frozen=True)
class Listed:
    """The pictures for which the filters hold, where nothing is searched for (``Searcher.browse``)."""

    filters: tuple[str, ...]
    any_filters: tuple[str, ...]
    time_zone: str | None


#: Which pictures are listed without a query, one of these being given, and what else may be said of them.
_ASKED = {"filters", "near", "any_filters", "sort", "facets"}
_BESIDE = {"words", "time_zone", "size", "start", "group_duplicates", "group_near"}
_BESIDE |= {"index", "url", "model", "device", "threads", "provider", "full", "as_json", "sheet"}


def _query(words: str, images: tuple[str, ...], near: str | None, **given: Any) -> Query | Listed:
    from clipseek.opensearch import Query
    from clipseek.opensearch.query.limits import one_line
    from clipseek.opensearch.query.vectors import read_weight

    for name in ("texts", "like", "unlike"):
        given[name] = tuple(map(read_weight, given[name]))
    if near is not None:
        given["filters"] = (*given["filters"], f"place={near}")
    words = sys.stdin.read() if words == "-" else words
    sought = (one_line(words), images, *(given[name] for name in ("texts", "like", "unlike", "unwanted")))
    if not any(sought) and not _ASKED.isdisjoint(named_options()):
        _check_listed()
        return Listed(given["filters"], given["any_filters"], given["time_zone"])
    return Query(words, pictures=tuple(map(read_query_picture, images)), **given)


def _check_listed() -> None:
    """Raises UsageError where an option was given that only a search has."""
    for parameter in click.get_current_context().command.params:
        if parameter.name in named_options() - _ASKED - _BESIDE:
            raise click.UsageError(
                f"{parameter.opts[0]} needs something to search for: give words, a picture with --image, or both, or leave it "
                "out to list the pictures for which the filters hold"
            )


def _page(**given: Any) -> Page:
    from clipseek.opensearch import Page

    return Page(**given)


def _cosine(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value in (None, "auto"):
        return value
    try:
        return float(str(value))
    except ValueError:
        raise click.UsageError(f"--min-relevance {value!r} is neither auto nor a cosine, like 0.3") from None


#: The command gets ``query``, a Query, or Listed.
query_options = gathered(
    "query",
    _query,
    click.argument("words", required=False, default=""),
    click.option("--text", "texts", multiple=True, metavar="WORDS[@W]", help="Search by this text too. Repeatable."),
    click.option(
        "--image",
        "images",
        multiple=True,
        metavar="FILE[#CROP][@W]",
        help=f"Search by this picture; {CROP_HELP} Repeatable.",
    ),
    click.option(
        "--like",
        multiple=True,
        metavar="ID[@W]",
        help="Search by this picture of the index: its id, or the first digits of an id that is a hash. Repeatable.",
    ),
    click.option(
        "--unlike", multiple=True, metavar="ID[@W]", help="Move away from this picture of the index. Repeatable."
    ),
    click.option("--not", "unwanted", multiple=True, metavar="WORDS", help="Move away from these words. Repeatable."),
    click.option(
        "--not-weight", default=0.5, show_default=True, help="How much of --not and --unlike is subtracted, 0 to 1."
    ),
    click.option("--caption", "kind", flag_value="caption", help="Search the captions alone (BM25)."),
    click.option("--vector", "kind", flag_value="vector", help="Search the pictures' vectors alone (CLIP)."),
    click.option("--hybrid", "kind", flag_value="hybrid", help="Search both; the default where there are words."),
    click.option(
        "--text-weight",
        default=0.5,
        show_default=True,
        help="Share of the texts beside pictures and ids in the query's vector, 0 to 1.",
    ),
    click.option(
        "--clauses",
        "split",
        is_flag=True,
        help="Search each text, picture and id as a separate clause instead of averaging them into one vector.",
    ),
    click.option(
        "--match",
        type=click.Choice(["any", "most", "all", "phrase"]),
        help="Which of the words a caption must have.  [default: any, or what clipseek tune chose]",
    ),
    click.option(
        "--exact/--stems",
        default=None,
        help="Match words exactly as written, or in any form (boat, boats).  [default: --stems, or what clipseek tune chose]",
    ),
    click.option(
        "--ocr-weight",
        type=click.FloatRange(0, 1),
        metavar="SHARE",
        help="Share of the words read in pictures (ingest --ocr) beside the caption's in the score of both, 0 to 1.  "
        "[default: 0.5, or what clipseek tune chose]",
    ),
    click.option(
        "--filter",
        "filters",
        multiple=True,
        metavar="F",
        help="Only pictures for which this holds: field=value, field=one,other, field!=value, width>=640, day<=2024-05. "
        "Repeatable.",
    ),
    click.option(
        "--near",
        metavar="LAT,LON,DISTANCE",
        help="Only pictures taken there, like 52.5,13.4,5km (km, m, mi or nmi); of an index filled with --place.",
    ),
    click.option(
        "--any",
        "any_filters",
        multiple=True,
        metavar="F",
        help="Only pictures for which this holds, or another --any: a filter, beside those of --filter. Repeatable.",
    ),
    click.option(
        "--time-zone",
        metavar="ZONE",
        help="What dates without a time zone mean in filters, and in which facets show dates, like Europe/Berlin.  "
        "[default: as at ingest]",
    ),
)

#: The command gets ``page``, a Page.
page_options = gathered(
    "page",
    _page,
    click.option("-k", "size", default=10, show_default=True, metavar="N", help="Number of hits."),
    click.option("--from", "start", default=0, show_default=True, metavar="N", help="Skip the first N hits (paging)."),
    click.option("--sort", metavar="FIELD[:asc|desc]", help="Sort the hits by a field instead of by score."),
    click.option("--facet", "facets", multiple=True, metavar="FIELD", help="Count the values of a field. Repeatable."),
    click.option(
        "--group-duplicates",
        is_flag=True,
        help="Show pictures that are the same file once: of a scene's tiles, or a file's pages, the best.",
    ),
    click.option("--group-near", is_flag=True, help="Show pictures that look nearly the same once."),
    click.option(
        "--min-relevance",
        "min_cosine",
        metavar="auto|COSINE",
        callback=_cosine,
        help="Mark hits below this cosine as irrelevant; auto is the cut-off that clipseek calibrate found for words.",
    ),
)
