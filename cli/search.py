"""``clipseek search``: by words, by a picture, or by both."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from .answer import print_answer
from .opening import encoder_of_index, open_client
from .options import DeviceOptions, device_options, index_option, json_option, model_option, url_option


@click.command()
@click.argument("words", required=False, default="")
@click.option("--text", "texts", multiple=True, metavar="WORDS[@W]", help="More words, with a weight. Repeatable.")
@click.option("--image", "images", multiple=True, metavar="FILE[@W]", help="A picture to search by. Repeatable.")
@click.option("--like", multiple=True, metavar="ID[@W]", help="A picture of the index to search by. Repeatable.")
@click.option("--unlike", multiple=True, metavar="ID[@W]", help="A picture of the index to move away from. Repeatable.")
@click.option("--not", "unwanted", multiple=True, metavar="WORDS", help="Words to move away from. Repeatable.")
@click.option(
    "--not-weight", default=0.5, show_default=True, help="How much of --not and --unlike is subtracted, 0 to 1."
)
@click.option("--caption", "kind", flag_value="caption", help="By the captions alone (BM25).")
@click.option("--vector", "kind", flag_value="vector", help="By the pictures' vectors alone.")
@click.option("--hybrid", "kind", flag_value="hybrid", help="By both; the default where there are words.")
@click.option("--weight", type=float, help="Share of the vectors in a hybrid, 0 to 1.  [default: 0.5]")
@click.option(
    "--text-weight", default=0.5, show_default=True, help="Share of the words beside pictures in the query's vector."
)
@click.option(
    "--clauses",
    "split",
    is_flag=True,
    help="Every text, picture and id is a clause of its own in a hybrid, of its weight, instead of one vector of all.",
)
@click.option(
    "--match",
    type=click.Choice(["any", "most", "all", "phrase"]),
    help="Which of the words a caption must have.  [default: any, or what clipseek tune chose]",
)
@click.option(
    "--exact/--stems", default=None, help="Words as they are written, or in any form: boat, boats.  [default: --stems]"
)
@click.option(
    "--fusion",
    type=click.Choice(["min_max", "l2", "z_score", "rrf"]),
    help="How scores join.  [default: min_max, or what clipseek tune chose]",
)
@click.option(
    "--mean",
    type=click.Choice(["arithmetic", "geometric", "harmonic"]),
    help="How min_max and l2 scores are averaged.  [default: arithmetic]",
)
@click.option("--pipeline", metavar="NAME", help="Scores join as this search pipeline of the server says.")
@click.option("-k", "size", default=10, show_default=True, help="How many hits.")
@click.option("--from", "start", default=0, show_default=True, help="Pass over so many hits: the next page.")
@click.option(
    "--depth",
    "candidates",
    type=int,
    help="Candidates of each clause.  [default: 200, or what clipseek tune chose; more for pages beyond]",
)
@click.option(
    "--ef-search", type=int, help="Vectors the graph's search keeps on its way: more find surely, and slower."
)
@click.option("--sort", metavar="FIELD[:asc|desc]", help="Hits in the order of a field, not of their scores.")
@click.option("--facet", "facets", multiple=True, metavar="FIELD", help="Count the values of FIELD. Repeatable.")
@click.option("--group-duplicates", is_flag=True, help="One hit for pictures that are the same file.")
@click.option("--group-near", is_flag=True, help="One hit for pictures that look nearly the same.")
@click.option(
    "--min-relevance",
    metavar="auto|COSINE",
    help="Mark hits below this cosine; auto is what clipseek calibrate learnt for searches by words.",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="F",
    help="field=value, field=one,other, field!=value, width>=640 … Repeatable.",
)
@index_option
@url_option
@model_option
@device_options
@click.option("--explain", is_flag=True, help="Below every hit the sum that its score is.")
@json_option
@click.option(
    "--html", "sheet", type=click.Path(dir_okay=False, path_type=Path), help="Write a sheet with the pictures."
)
def search(
    words: str,
    images: tuple[str, ...],
    sheet: Path | None,
    explain: bool,
    as_json: bool,
    device: DeviceOptions,
    **given: Any,
) -> None:
    """Search an index by WORDS (- reads them from stdin), by pictures, or by both.

    Texts, pictures and ids take a weight after an @: --image a.jpg@2 --like cat-7@0.5.

    In a terminal the hits are a table: score, each clause's share of it, caption with the matched words marked, file. In a pipe
    they are lines of score, id, file and caption with tabs between.
    """
    # One query needs no pool of BLAS threads; starting one takes longer than the query.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from clipseek.opensearch.query.compose import read_weight
    from clipseek.opensearch.query.query import Query
    from clipseek.opensearch.search.cutoff import outgrown, with_calibrated_cut
    from clipseek.opensearch.search.searcher import Searcher

    text = sys.stdin.read() if words == "-" else words
    pictures = tuple(_picture(image) for image in images)
    texts, like, unlike = (tuple(map(read_weight, given.pop(name))) for name in ("texts", "like", "unlike"))
    options = {
        name: value
        for name, value in given.items()
        if value is not None and name not in ("index", "url", "model", "min_relevance")
    }
    if "pipeline" in options and (also := {"fusion", "mean", "weight"} & options.keys()):
        raise click.UsageError(f"--pipeline says how scores join; leave --{sorted(also)[0]} out, or --pipeline")
    if (asked := given["min_relevance"]) not in (None, "auto"):
        options["min_cosine"] = _cosine(asked)
    query = Query(text=text, texts=texts, pictures=pictures, like=like, unlike=unlike, **options)
    if query.cut:
        click.echo(f"the text is long; only its first {len(query.words):,} characters are searched for", err=True)
    client = open_client(given["url"], check=False)
    from clipseek.opensearch.index import versions

    version = versions.current(client, given["index"])
    # A fusion, its mean and its weight were chosen together.
    fused = {"fusion", "mean", "weight", "pipeline"}
    own = options.keys() | (fused if fused & options.keys() else set())
    query = query.with_defaults({name: value for name, value in version.search.items() if name not in own})
    if asked == "auto":
        query = with_calibrated_cut(query, version)
    # Pictures of the index bring their vectors with them.
    needs_model = query.resolved_kind != "caption" and bool(query.all_texts or query.pictures or query.unwanted)
    encoder = encoder_of_index(given["model"], version, device) if needs_model else None
    searcher = Searcher(client, version, encoder)
    answer = searcher.search(query)
    if sheet is not None:
        from clipseek.files.whole import write_whole
        from clipseek.sheets.results import Section, render_sheet

        sheet.parent.mkdir(parents=True, exist_ok=True)
        write_whole(sheet, render_sheet("clipseek search", [Section("Search", answer)]))
        click.echo(f"wrote {sheet}", err=True)
    print_answer(answer, as_json=as_json, explain=explain)
    if asked == "auto" and outgrown(version.calibration, answer.documents):
        click.echo(
            f"the cut-off was learnt with {version.calibration['pictures']:,} pictures: more of them have more chance hits; run "
            "clipseek calibrate again",
            err=True,
        )


def _cosine(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f"--min-relevance {text!r} is neither auto nor a cosine, like 0.3") from None


def _picture(given: str) -> tuple[bytes, float]:
    """The file's bytes and its weight."""
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.opensearch.query.compose import read_weight

    name, weight = (given, 1.0) if Path(given).is_file() else read_weight(given)
    try:
        return Path(name).read_bytes(), weight
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise InvalidOption(f"the query picture {name} cannot be read ({reason}); name a picture file") from None
