"""What ``clipseek search`` prints of an answer: lines, a table, JSON, or the sum of every score."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .output import is_terminal, plain_table

if TYPE_CHECKING:
    from clipseek.opensearch.search.hits import Hit
    from clipseek.opensearch.search.score_terms import Term
    from clipseek.opensearch.search.searcher import Answer

#: Of a hit, in ``--json``.
SHOWN = ("id", "uri", "caption", "score", "raw", "shares", "cosine", "relevant", "marks", "metadata")


def print_answer(answer: Answer, *, as_json: bool, explain: bool) -> None:
    """Hits on stdout, how many there are and of what on stderr; ``explain`` adds the sum of every hit's score."""
    if as_json:
        import orjson

        rows = [{name: getattr(hit, name) for name in SHOWN} for hit in answer.hits]
        if explain:
            for row, hit in zip(rows, answer.hits, strict=True):
                row["terms"] = answer.terms(hit)
        facts = {
            "index": answer.index,
            "documents": answer.documents,
            "matched": answer.matched,
            "reachable": answer.reachable,
            "from": answer.query.start,
            "facets": answer.facets,
            "milliseconds": answer.milliseconds,
            "min_cosine": answer.query.min_cosine,
        }
        click.echo(orjson.dumps({**facts, "hits": rows}).decode())
        return
    if explain:
        _print_sums(answer)
    elif answer.hits and is_terminal(sys.stdout):
        _draw(answer)
    else:
        for hit in answer.hits:
            if hit.relevant is False:
                continue
            click.echo(_line(hit))
    _facets(answer)
    click.echo(_place(answer), err=True)
    if (line := _relevance(answer)) is not None:
        click.echo(line, err=True)


def _line(hit: Hit) -> str:
    return "\t".join([f"{hit.score:.4f}", hit.id, hit.uri, " ".join(hit.caption.split())])


def _print_sums(answer: Answer) -> None:
    from clipseek.opensearch.search.score_terms import written

    query = answer.query
    for hit in answer.hits:
        if hit.relevant is False and not is_terminal(sys.stdout):
            continue
        click.echo(_line(hit))
        if words := [text for text, matched in hit.parts() if matched]:
            click.echo(f"    in the caption: {', '.join(words)}")
        found = answer.terms(hit)
        if not found:
            click.echo(
                "    its sum is not known: the index changed during the search, or its pipeline does something else"
            )
            continue
        rows = [
            [
                term.clause,
                _raw(term),
                f"{term.normalised:.4f}",
                f"{term.weight:.3f}",
                f"{term.added:.4f}",
                f"{term.share:.0%}",
            ]
            for term in found
        ]
        numbers = [query.fusion if answer.normal else "score", "weight", "adds", "share"]
        for line in plain_table(["clause", "found by", *numbers], rows, right=numbers):
            click.echo(f"    {line}")
        click.echo(f"    {written(query, found, hit.score)}")


def _raw(term: Term) -> str:
    """What the clause itself said of the picture."""
    if term.raw is None:
        return "not found"
    said = f"bm25 {term.raw:.4f}" if term.cosine is None else f"cosine {term.cosine:.4f}"
    return said if term.normalised else f"{said}, beyond its candidates"


def _relevance(answer: Answer) -> str | None:
    """What the cut-off did to these hits."""
    tail = sum(hit.relevant is False for hit in answer.hits)
    if not tail:
        return None
    where = "shown dim" if is_terminal(sys.stdout) else "left out"
    cut = f"the cut-off, cosine {answer.query.min_cosine:.3f}"
    if tail == len(answer.hits):
        return f"no good match: no hit reaches {cut} ({where})"
    return f"{tail} of {len(answer.hits)} hits below {cut} ({where})"


def _place(answer: Answer) -> str:
    """Which hits these are, of how many."""
    start = answer.query.start
    if answer.hits:
        # How many groups there are is not known where the server makes them.
        query = answer.query
        known = query.group_near or not query.group_duplicates or query.fused
        end = start + len(answer.hits)
        of = f" of {answer.reachable:,}{', the last' if start and end == answer.reachable else ''}" if known else ""
        by = f" by {query.sort}, of {_matched(answer)}" if query.sort else ""
        return (
            f"hits {start + 1:,}-{end:,}{of}{by}, {answer.documents:,} pictures, {answer.milliseconds} ms on the server"
        )
    if start and answer.matched:
        return f"no hits from {start + 1:,} on; there are {answer.reachable:,}"
    return f"nothing found among {answer.documents:,} pictures"


def _matched(answer: Answer) -> str:
    """What the hits are a page of."""
    if answer.query.fused:
        return f"the {answer.reachable:,} candidates"
    by_caption = answer.query.resolved_kind == "caption"
    return f"the {answer.matched:,} " + ("pictures whose captions match" if by_caption else "nearest pictures")


def _facets(answer: Answer) -> None:
    """On stderr, for stdout has the hits; --json has them too."""
    if not answer.facets:
        return
    query = answer.query
    near = f"the {query.nearest:,} nearest{' of each clause' if query.is_split else ''}"
    every = "all whose captions match, and " if query.resolved_kind == "hybrid" else ""
    counted = f"{answer.matched:,} pictures: {every}{near}" if query.fused else _matched(answer)
    for name, values in answer.facets.items():
        shown = ", ".join(f"{value} {number:,}" for value, number in values) or "no values"
        click.echo(f"{name}, counted over {counted}: {shown}", err=True)


def _draw(answer: Answer) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    clauses = list(answer.query.clause_weights) if answer.query.is_split else ["caption", "vector"]
    for name in ("#", "score", *clauses, *([] if answer.query.is_split else ["cosine"])):
        table.add_column(name, justify="right")
    table.add_column("hit" if answer.query.is_split else "picture", overflow="fold")
    for rank, hit in enumerate(answer.hits, answer.query.start + 1):
        words = Text()
        for part, matched in hit.parts():
            words.append(part, style="bold yellow" if matched else "")
        words.append(f"\n{hit.uri}", style="dim")
        shares = [f"{hit.shares[name]:.0%}" if name in hit.shares else "" for name in clauses]
        cosine = [] if answer.query.is_split else ["" if hit.cosine is None else f"{hit.cosine:.2f}"]
        dim = "dim" if hit.relevant is False else None
        table.add_row(str(rank), f"{hit.score:.3f}", *shares, *cosine, words, style=dim)
    Console().print(table)
