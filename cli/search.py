"""``clipseek search``: by words, by a picture, or by both."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("words", required=False, default="")
@click.option("--image", type=click.Path(path_type=Path), help="A picture to search by, alone or with the words.")
@click.option("--caption", "kind", flag_value="caption", help="By the captions alone (BM25).")
@click.option("--vector", "kind", flag_value="vector", help="By the pictures' vectors alone.")
@click.option("--hybrid", "kind", flag_value="hybrid", help="By both; the default where there are words.")
@click.option("--weight", default=0.5, show_default=True, help="Share of the vectors in a hybrid, 0 to 1.")
@click.option(
    "--text-weight", default=0.5, show_default=True, help="Share of the words beside --image in the query's vector."
)
@click.option(
    "--fusion",
    type=click.Choice(["min_max", "l2", "rrf"]),
    default="min_max",
    show_default=True,
    help="How scores join.",
)
@click.option("-k", "size", default=10, show_default=True, help="How many hits.")
@click.option(
    "--filter", "filters", multiple=True, metavar="F", help="field=value, field!=value, width>=640 … Repeatable."
)
@click.option("--index", default="clipseek", envvar="CLIPSEEK_INDEX", show_default=True, help="Alias of the index.")
@click.option("--url", envvar="CLIPSEEK_URL", help="The server; the embedded node, else http://localhost:9200.")
@click.option("--model", envvar="CLIPSEEK_MODEL", help="Bundle folder; the one that filled the index by default.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where the model runs.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option(
    "--html", "sheet", type=click.Path(dir_okay=False, path_type=Path), help="Write a sheet with the pictures."
)
def search(words: str, image: Path | None, sheet: Path | None, as_json: bool, **given: Any) -> None:
    """Search an index by WORDS (- reads them from stdin), by --image, or by both.

    In a terminal the hits are a table: score, each clause's share of it, caption with the matched words marked, file. In a pipe
    they are lines of score, id, file and caption with tabs between.
    """
    # One query needs no pool of BLAS threads; starting one takes longer than the query.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from .warm import WarmModels, load_beside

    url, warm = _url(given["url"]), WarmModels.default()
    guess = given["model"] or warm.bundle(url, given["index"])
    ready = load_beside(guess, given["device"]) if guess and words and given["kind"] != "caption" else None
    from clipseek.opensearch.client import connect
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.opensearch.queries import Query
    from clipseek.opensearch.search import Searcher

    text = sys.stdin.read() if words == "-" else words
    try:
        picture = image.read_bytes() if image is not None else None
    except OSError as problem:
        raise InvalidOption(
            f"the query picture {image} cannot be read ({problem.strerror}); name a picture file"
        ) from None
    if given["fusion"] == "rrf" and given["weight"] != 0.5:
        raise InvalidOption("rrf counts ranks alone and takes no weights; leave --weight out, or use --fusion min_max")
    options = {name: given[name] for name in ("kind", "weight", "text_weight", "fusion", "size", "filters")}
    query = Query(text=text, picture=picture, **options)
    if query.cut:
        click.echo(f"the text is long; only its first {len(query.words):,} characters are searched for", err=True)
    client = connect(url, check=False)
    from clipseek.opensearch import versions

    version = versions.current(client, given["index"])
    if version.bundle:
        warm.remember(url, given["index"], version.bundle)
    usable = ready is not None and guess == (given["model"] or version.bundle)
    searcher = Searcher(client, version, ready if usable else _encoder(given, version))
    answer = searcher.search(query)
    if sheet is not None:
        from clipseek.opensearch.sheet import Section, render_sheet

        sheet.parent.mkdir(parents=True, exist_ok=True)
        sheet.write_text(render_sheet("clipseek search", [Section("Search", answer)]), "utf-8")
        click.echo(f"wrote {sheet}", err=True)
    _print(answer, as_json)


def _url(given: str | None) -> str:
    from clipseek.opensearch.node.state import running_url

    return given or running_url() or "http://localhost:9200"


def _encoder(given: dict[str, Any], version: Any) -> Any:
    from clipseek.encoder import Bundle, ClipEncoder

    folder = given["model"] or version.bundle
    if folder is None:
        raise click.UsageError(
            "the index does not say which bundle filled it; name it with --model BUNDLE (or CLIPSEEK_MODEL)"
        )
    return ClipEncoder(Bundle.load(Path(folder)), device=given["device"])


def _print(answer: Any, as_json: bool) -> None:
    if as_json:
        import orjson

        rows = [
            {
                name: getattr(hit, name)
                for name in ("id", "uri", "caption", "score", "raw", "shares", "cosine", "marks", "metadata")
            }
            for hit in answer.hits
        ]
        facts = {
            "index": answer.index,
            "documents": answer.documents,
            "matched": answer.matched,
            "milliseconds": answer.milliseconds,
        }
        click.echo(orjson.dumps({**facts, "hits": rows}).decode())
        return
    if not answer.hits:
        click.echo(f"nothing found among {answer.documents:,} pictures", err=True)
    elif sys.stdout.isatty():
        _draw(answer)
    else:
        for hit in answer.hits:
            click.echo("\t".join([f"{hit.score:.4f}", hit.id, hit.uri, " ".join(hit.caption.split())]))


def _draw(answer: Any) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, side in (
        ("#", "right"),
        ("score", "right"),
        ("caption", "right"),
        ("vector", "right"),
        ("cosine", "right"),
    ):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("picture", overflow="fold")
    for rank, hit in enumerate(answer.hits, 1):
        words = Text()
        for part, matched in hit.parts():
            words.append(part, style="bold yellow" if matched else "")
        words.append(f"\n{hit.uri}", style="dim")
        shares = [f"{hit.shares[name]:.0%}" if name in hit.shares else "" for name in ("caption", "vector")]
        cosine = "" if hit.cosine is None else f"{hit.cosine:.2f}"
        table.add_row(str(rank), f"{hit.score:.3f}", *shares, cosine, words)
    console = Console()
    console.print(table)
    console.print(
        f"{answer.documents:,} pictures, {answer.milliseconds} ms on the server", style="dim", highlight=False
    )
