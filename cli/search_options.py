"""The options of ``clipseek search``, in three values: what is searched with, how scores are fused, which hits are shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .gathering import gathered

if TYPE_CHECKING:
    from clipseek.opensearch import Fusion, Page, Query
    from clipseek.opensearch.query.fusion import Mean, Technique
    from clipseek.opensearch.query.limits import Kind
    from clipseek.opensearch.query.wording import Match


@dataclass(frozen=True)
class QueryOptions:
    """What is searched with."""

    texts: tuple[str, ...]
    images: tuple[str, ...]
    like: tuple[str, ...]
    unlike: tuple[str, ...]
    unwanted: tuple[str, ...]
    not_weight: float
    kind: Kind | None
    text_weight: float
    split: bool
    match: Match | None
    exact: bool | None
    filters: tuple[str, ...]

    def query(self, text: str) -> Query:
        """With ``text`` beside the other texts. Raises InvalidOption."""
        from clipseek.opensearch import Query
        from clipseek.opensearch.query.weighted import read_weight

        return Query(
            text,
            kind=self.kind,
            texts=tuple(map(read_weight, self.texts)),
            pictures=tuple(map(_picture, self.images)),
            like=tuple(map(read_weight, self.like)),
            unlike=tuple(map(read_weight, self.unlike)),
            unwanted=self.unwanted,
            match=self.match,
            exact=self.exact,
            filters=self.filters,
            split=self.split,
            text_weight=self.text_weight,
            not_weight=self.not_weight,
        )


@dataclass(frozen=True)
class FusionOptions:
    """How the scores of a hybrid's clauses are fused; what is not given stays as the index has it by default."""

    technique: Technique | None
    mean: Mean | None
    weight: float | None
    pipeline: str | None
    depth: int | None
    ef_search: int | None

    def fusion(self, default: Fusion) -> Fusion:
        """``default`` with what was given. Raises InvalidOption."""
        return default.changed(**vars(self))

    def check(self) -> None:
        """Raise UsageError for options that exclude each other."""
        given = {"--fusion": self.technique, "--mean": self.mean, "--weight": self.weight}
        if self.pipeline is not None and (others := sorted(name for name, value in given.items() if value is not None)):
            raise click.UsageError(f"--pipeline says how scores are fused; leave {others[0]} out, or --pipeline")


@dataclass(frozen=True)
class PageOptions:
    """Which hits are shown."""

    size: int
    start: int
    sort: str | None
    facets: tuple[str, ...]
    group_duplicates: bool
    group_near: bool
    min_cosine: Any

    def page(self) -> Page:
        """Raises InvalidOption."""
        from clipseek.opensearch import Page

        return Page(**vars(self))


def _cosine(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value in (None, "auto"):
        return value
    try:
        return float(str(value))
    except ValueError:
        raise click.UsageError(f"--min-relevance {value!r} is neither auto nor a cosine, like 0.3") from None


def _picture(given: str) -> tuple[bytes, float]:
    """The file's bytes and its weight."""
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.opensearch.query.weighted import read_weight

    name, weight = (given, 1.0) if Path(given).is_file() else read_weight(given)
    try:
        return Path(name).read_bytes(), weight
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise InvalidOption(f"the query picture {name} cannot be read ({reason}); name a picture file") from None


#: The command gets ``searched``, a QueryOptions.
query_options = gathered(
    "searched",
    QueryOptions,
    click.option("--text", "texts", multiple=True, metavar="WORDS[@W]", help="Search by this text too. Repeatable."),
    click.option("--image", "images", multiple=True, metavar="FILE[@W]", help="Search by this picture. Repeatable."),
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
        "--filter",
        "filters",
        multiple=True,
        metavar="F",
        help="Only pictures for which this holds: field=value, field=one,other, field!=value, width>=640. Repeatable.",
    ),
)

#: The command gets ``fused``, a FusionOptions.
fusion_options = gathered(
    "fused",
    FusionOptions,
    click.option(
        "--weight",
        type=float,
        help="Share of the vectors in a hybrid's score, 0 to 1.  [default: 0.5, or what clipseek tune chose]",
    ),
    click.option(
        "--fusion",
        "technique",
        type=click.Choice(["min_max", "l2", "z_score", "rrf"]),
        help="How the scores of a hybrid's clauses are combined.  [default: min_max, or what clipseek tune chose]",
    ),
    click.option(
        "--mean",
        type=click.Choice(["arithmetic", "geometric", "harmonic"]),
        help="Mean of min_max and l2 scores.  [default: arithmetic, or what clipseek tune chose]",
    ),
    click.option(
        "--pipeline", metavar="NAME", help="Combine scores with this search pipeline stored on the server instead."
    ),
    click.option(
        "--depth",
        type=int,
        metavar="N",
        help="Candidates of each clause.  [default: 200, or what clipseek tune chose; more for pages beyond]",
    ),
    click.option(
        "--ef-search",
        type=int,
        metavar="N",
        help="ef_search of the HNSW graph: more raises the recall and takes longer.  [default: the engine's own]",
    ),
)

#: The command gets ``shown``, a PageOptions.
page_options = gathered(
    "shown",
    PageOptions,
    click.option("-k", "size", default=10, show_default=True, metavar="N", help="Number of hits."),
    click.option("--from", "start", default=0, show_default=True, metavar="N", help="Skip the first N hits (paging)."),
    click.option("--sort", metavar="FIELD[:asc|desc]", help="Sort the hits by a field instead of by score."),
    click.option("--facet", "facets", multiple=True, metavar="FIELD", help="Count the values of a field. Repeatable."),
    click.option("--group-duplicates", is_flag=True, help="Show pictures that are the same file once."),
    click.option("--group-near", is_flag=True, help="Show pictures that look nearly the same once."),
    click.option(
        "--min-relevance",
        "min_cosine",
        metavar="auto|COSINE",
        callback=_cosine,
        help="Mark hits below this cosine as irrelevant; auto is the cut-off that clipseek calibrate found for words.",
    ),
)
