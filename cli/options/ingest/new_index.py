"""The options of ``clipseek ingest`` that describe a new index; for one that exists they must agree with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..gathering import gathered, named_options
from ..paths import FilePath

if TYPE_CHECKING:
    from clipseek.opensearch.index.mapping import IndexOptions
    from clipseek.opensearch.index.version import Version
    from clipseek.sources import Source


def _index_options(
    keywords: tuple[str, ...],
    numbers: tuple[str, ...],
    dates: tuple[str, ...],
    preset: str,
    synonyms: Path | None,
    **given: Any,
) -> IndexOptions:
    from clipseek.opensearch.index.mapping import IndexOptions, read_preset
    from clipseek.opensearch.index.words.synonyms import read_synonyms

    fields: dict[str, Any] = {}
    for kind, names in (("keyword", keywords), ("number", numbers), ("date", dates)):
        for name in names:
            if fields.setdefault(name, kind) != kind:
                raise click.UsageError(f"column {name!r} is declared as {fields[name]} and as {kind}; choose one")
    m, ef_construction, compression = read_preset(preset)
    rules = read_synonyms(synonyms) if synonyms else ()
    return IndexOptions(
        m=m, ef_construction=ef_construction, compression=compression, fields=fields, synonyms=rules, **given
    )


#: The command gets ``index_options``, an IndexOptions.
new_index_options = gathered(
    "index_options",
    _index_options,
    click.option("--keyword", "keywords", multiple=True, metavar="NAME", help="Column to filter by text. Repeatable."),
    click.option("--number", "numbers", multiple=True, metavar="NAME", help="Column to filter by number. Repeatable."),
    click.option("--date", "dates", multiple=True, metavar="NAME", help="Column to filter by date. Repeatable."),
    click.option(
        "--time-zone",
        metavar="ZONE",
        help="What dates without a time zone mean, here and in filters, like Europe/Berlin or +02:00 (an index without dates "
        "only).  [default: UTC]",
    ),
    click.option(
        "--engine",
        type=click.Choice(["lucene", "faiss"]),
        default="lucene",
        show_default=True,
        help="k-NN engine (new index only); faiss needs an official OpenSearch distribution.",
    ),
    click.option(
        "--preset",
        default="default",
        show_default=True,
        metavar="default|talk|M,EF[,SIZE]",
        help="HNSW graph (new index only): default is m 16 and ef_construction 128; talk is 32 and 500, as in Sujit Pal's "
        "Haystack 2022 talk; or as index advise prints it. SIZE compresses vectors in memory: 4x (lucene), 2x, 8x, 16x or 32x "
        "(faiss).",
    ),
    click.option(
        "--analyzer",
        default="english",
        show_default=True,
        help="Language of the captions, like german, cjk or thai; standard for any (new index only).",
    ),
    click.option(
        "--folding/--no-folding",
        default=True,
        show_default=True,
        help="Find words without their accents too: jose finds José (new index only).",
    ),
    click.option(
        "--synonyms",
        type=FilePath(path_type=Path),
        metavar="FILE",
        help="Synonyms in captions (new index only), one rule per line: car, automobile or tv => television.",
    ),
)


def refuse_role_columns(source: Source, wanted: IndexOptions) -> None:
    """A declared column that is the picture's or the id's own is in no document: raise UsageError."""
    for column, field in ((source.image_column, "image_uri"), (source.id_column, "image_id")):
        if column in wanted.fields:
            raise click.UsageError(
                f"column {column!r} is kept as {field}, which every picture has and can be filtered by; do not declare it"
            )


def refuse_other_options(version: Version, wanted: IndexOptions) -> None:
    """An option of a new index, given by name for one that exists and differs, would be ignored: raise UsageError instead."""
    from clipseek.opensearch.index.words.synonyms import digest

    for name in sorted({"engine", "analyzer", "preset"} & named_options()):
        if (made := getattr(version, name)) != getattr(wanted, name):
            raise click.UsageError(
                f"index {version.alias} was made with {name} {made}, and keeps it; leave --{name} out, or ingest into another "
                "index with --index NAME"
            )
    if "folding" in named_options() and version.folding != wanted.folding:
        raise click.UsageError(
            f"index {version.alias} was made {'with' if version.folding else 'without'} folding, and keeps it so; leave "
            f"--{'' if wanted.folding else 'no-'}folding out, or ingest into another index with --index NAME"
        )
    if wanted.synonyms and digest(wanted.synonyms) != version.synonyms:
        raise click.UsageError(
            f"index {version.alias} was made with {'other' if version.synonyms else 'no'} synonyms, and keeps them; leave "
            "--synonyms out, or ingest into another index with --index NAME"
        )
