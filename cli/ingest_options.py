"""The options of ``clipseek ingest`` that describe a new index; for one that exists they must agree with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .gathering import gathered, named_options

if TYPE_CHECKING:
    from clipseek.opensearch.index.mapping import Engine, IndexOptions
    from clipseek.opensearch.index.version import Version


@dataclass(frozen=True)
class NewIndex:
    """The options as they were given."""

    keywords: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    engine: Engine = "lucene"
    preset: str = "default"
    analyzer: str = "english"
    synonyms: Path | None = None

    def read(self) -> IndexOptions:
        """What they say of an index. Raises InvalidOption, and UsageError for a column of two types."""
        from clipseek.opensearch.index.mapping import IndexOptions, read_preset
        from clipseek.opensearch.index.synonyms import read_synonyms

        m, ef_construction, compression = read_preset(self.preset)
        return IndexOptions(
            engine=self.engine,
            m=m,
            ef_construction=ef_construction,
            compression=compression,
            analyzer=self.analyzer,
            fields=self.fields(),
            synonyms=read_synonyms(self.synonyms) if self.synonyms else (),
        )

    def fields(self) -> dict[str, Any]:
        """Column to type; a column declared as two types is a usage error."""
        fields: dict[str, Any] = {}
        for kind, names in (("keyword", self.keywords), ("number", self.numbers), ("date", self.dates)):
            for name in names:
                if fields.setdefault(name, kind) != kind:
                    raise click.UsageError(f"column {name!r} is declared as {fields[name]} and as {kind}; choose one")
        return fields


#: The command gets ``new_index``, a NewIndex.
new_index_options = gathered(
    "new_index",
    NewIndex,
    click.option("--keyword", "keywords", multiple=True, metavar="NAME", help="Column to filter by text. Repeatable."),
    click.option("--number", "numbers", multiple=True, metavar="NAME", help="Column to filter by number. Repeatable."),
    click.option("--date", "dates", multiple=True, metavar="NAME", help="Column to filter by date. Repeatable."),
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
        "--analyzer", default="english", show_default=True, help="Text analyzer for captions (new index only)."
    ),
    click.option(
        "--synonyms",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Synonyms in captions (new index only), one rule per line: car, automobile or tv => television.",
    ),
)


def refuse_other_options(version: Version, new_index: NewIndex, synonyms: Sequence[str] = ()) -> None:
    """An option of a new index, given by name for one that exists and differs, would be ignored: raise UsageError instead."""
    from clipseek.opensearch.index.synonyms import digest

    given = named_options()
    for name in ("engine", "analyzer", "preset"):
        made = getattr(version, name)
        if name in given and getattr(new_index, name) != made:
            raise click.UsageError(
                f"index {version.alias} was made with {name} {made}, and keeps it; leave --{name} out, or ingest into another "
                "index with --index NAME"
            )
    if synonyms and digest(synonyms) != version.synonyms:
        raise click.UsageError(
            f"index {version.alias} was made with {'other' if version.synonyms else 'no'} synonyms, and keeps them; leave "
            "--synonyms out, or ingest into another index with --index NAME"
        )
