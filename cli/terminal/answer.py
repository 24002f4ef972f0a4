"""What ``clipseek search`` prints of an answer: lines, a table, JSON, or the sum of every score."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clipseek.files.text import visible

from .answer_notes import by_text_alone, facet_lines, place, relevance
from .output import data, is_terminal, note, plain_table, print_json_text, tabbed

if TYPE_CHECKING:
    from clipseek.opensearch.search.answer import Answer
    from clipseek.opensearch.search.browse import Listing
    from clipseek.opensearch.search.contributions import Term
    from clipseek.opensearch.search.hits import Hit
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

#: Of a hit, in ``--json``.
SHOWN = ("id", "uri", "caption", "score", "raw", "shares", "cosine", "relevant", "marks", "metadata", "part")
#: Of a hit in whose picture words were read, besides.
TEXT_SHOWN = ("text", "text_marks", "text_score", "text_only")


#: Of a caption in a table, and how its matched words are drawn.
CAPTION_LINES = 3
MARKED = "bold yellow"


def print_answer(answer: Answer, *, as_json: bool, explain: bool, full: bool = False) -> None:
    """Hits on stdout, how many there are and of what on stderr; ``explain`` adds the sum of every hit's score, ``full`` shows
    captions whole in a table."""
    if as_json:
        _print_json(answer, explain)
    else:
        if explain:
            _print_sums(answer)
        elif answer.hits and is_terminal(sys.stdout):
            _draw(answer, full=full)
        else:
            for hit in answer.hits:
                if hit.relevant is not False:
                    data(_line(hit))
        for line in (*facet_lines(answer), place(answer), *by_text_alone(answer), *relevance(answer)):
            note(line)
    for line in answer.notes:
        note(line)


def _print_json(answer: Answer, explain: bool) -> None:
    names = (*SHOWN, *(TEXT_SHOWN if answer.query.ocr_weight is not None else ()))
    rows = [{name: getattr(hit, name) for name in names} for hit in answer.hits]
    if explain:
        for row, hit in zip(rows, answer.hits, strict=True):
            row["terms"] = answer.terms(hit)
    print_found(
        answer,
        rows,
        min_cosine=answer.page.min_cosine,
        complete=answer.plan.complete,
        union=answer.union if answer.plan.complete else None,
        clauses=answer.statistics,
    )


def print_found(found: Answer | Listing, rows: list[dict[str, Any]], **scoring: Any) -> None:
    """JSON of what was found: where and how much, ``scoring``, and a row for each hit."""
    import orjson

    facts = {
        "index": found.index,
        "documents": found.documents,
        "matched": found.matched,
        "reachable": found.reachable,
        "from": found.page.start,
        "facets": found.facets,
        "milliseconds": found.milliseconds,
    }
    print_json_text(orjson.dumps({**facts, **scoring, "hits": rows}).decode())


def _line(hit: Hit) -> str:
    from clipseek.opensearch.search.whole_ids import short_id

    name = short_id(hit.id) if is_terminal(sys.stdout) else hit.id
    text = [f"{in_picture(hit)}: {' '.join(hit.text.split())}"] if hit.text_marks else []
    return tabbed(f"{hit.score:.4f}", name, hit.uri, " ".join(hit.caption.split()), *text)


def in_picture(hit: Hit) -> str:
    """Where the words were found that stand in the picture."""
    return "only in the picture" if hit.text_only else "in the picture"


def _print_sums(answer: Answer) -> None:
    from clipseek.opensearch.search.contributions import written

    normalised = answer.fusion.technique if answer.normal else "score"
    for hit in answer.hits:
        if hit.relevant is False and not is_terminal(sys.stdout):
            continue
        data(_line(hit))
        if words := [text for text, matched in hit.pieces() if matched]:
            data(f"    in the caption: {visible(', '.join(words), one_line=True)}")
        if words := [text for text, matched in hit.text_pieces() if matched]:
            brought = "" if hit.text_score is None else f" (bm25 {hit.text_score:.4f} of the caption clause's)"
            data(f"    {in_picture(hit)}: {visible(', '.join(words), one_line=True)}{brought}")
        terms = answer.terms(hit)
        if not terms:
            why = "its pipeline does something else" if answer.normal else "leave --no-complete out to see it"
            data(f"    its sum is not known: {why}")
            continue
        rows = [
            [
                term.clause,
                _raw(term, answer),
                f"{term.normalised:.4f}",
                f"{term.weight:.3f}",
                f"{term.added:.4f}",
                f"{term.share:.0%}",
            ]
            for term in terms
        ]
        numbers = [normalised, "weight", "adds", "share"]
        for line in plain_table(["clause", "raw score", *numbers], rows, right=numbers):
            data(f"    {line}")
        data(f"    {written(answer.fusion, terms, hit.score)}")


#: Why a clause of words has no score for a picture, by ``Query.match``.
WITHOUT = {
    "any": "has none of the words",
    "most": "has too few of the words",
    "all": "does not have all of the words",
    "phrase": "does not have the phrase",
}


def _raw(term: Term, answer: Answer) -> str:
    """The clause's own score of the picture, or why there is none."""
    from clipseek.opensearch.query.limits import CAPTION

    if term.raw is None and term.clause == CAPTION:
        unwanted = ", or is left out by --not" if answer.query.unwanted else ""
        return f"{WITHOUT[answer.query.match or 'any']}{unwanted}"
    if term.raw is None:
        return f"not among the {answer.plan.nearest:,} nearest"
    score = f"bm25 {term.raw:.4f}" if term.cosine is None else f"cosine {term.cosine:.4f}"
    return score if term.normalised else f"{score}, beyond its candidates"


def _draw(answer: Answer, *, full: bool) -> None:
    from rich.text import Text

    split = answer.query.is_split
    clauses = list(answer.query.clause_names) if split else ["caption", "vector"]
    numbers = ("#", "score", *clauses, *([] if split else ["cosine"]))
    console, table, width = table_of(numbers, "hit" if split else "picture")
    for rank, hit in enumerate(answer.hits, answer.page.start + 1):
        words = Text()
        for text, matched in hit.pieces():
            words.append(visible(text), style=MARKED if matched else "")
        if not full:
            words = around_marks(list(words.wrap(console, width)))
        if hit.text_marks:
            words.append_text(_text_in_picture(hit, console, width, full=full))
        add_file(words, hit)
        shares = [f"{hit.shares[name]:.0%}" if name in hit.shares else "" for name in clauses]
        cosine = [] if split else ["" if hit.cosine is None else f"{hit.cosine:.2f}"]
        dim = "dim" if hit.relevant is False else None
        table.add_row(str(rank), f"{hit.score:.3f}", *shares, *cosine, words, style=dim)
    console.print(table)


def table_of(numbers: Sequence[str], last: str) -> tuple[Console, Table, int]:
    """A table of right-aligned ``numbers`` and a column of text, with the width that they and the blanks between leave to it."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in numbers:
        table.add_column(name, justify="right")
    table.add_column(last, overflow="fold")
    return console, table, max(20, console.width - sum(max(5, len(name)) + 3 for name in numbers))


def add_file(words: Text, hit: Hit) -> None:
    """Below a hit's words: its id and its file."""
    from clipseek.opensearch.search.whole_ids import short_id

    words.append(f"\n{short_id(hit.id)}  {visible(hit.uri, one_line=True)}", style="dim")


def _text_in_picture(hit: Hit, console: Console, width: int, *, full: bool) -> Text:
    """A further line of a hit whose picture has words that matched."""
    from rich.text import Text

    words = Text(f"{in_picture(hit)}: ", style="dim")
    for text, matched in hit.text_pieces():
        words.append(visible(text.replace("\n", " / ")), style=MARKED if matched else "")
    whole = words if full else around_marks(list(words.wrap(console, width)))
    return Text("\n" if hit.caption else "") + whole


def around_marks(lines: list[Text]) -> Text:
    """At most CAPTION_LINES of a caption's ``lines``, from the one before the first marked one on; … stands for the others."""
    from rich.text import Text

    marked = (place for place, line in enumerate(lines) if any(span.style == MARKED for span in line.spans))
    first = max(0, min(next(marked, 0) - 1, len(lines) - CAPTION_LINES))
    shown = [line.copy() for line in lines[first : first + CAPTION_LINES]]
    for line in shown:
        line.rstrip()
    if shown and first + CAPTION_LINES < len(lines):
        shown[-1].append(" …", style="dim")
    return Text("\n").join([Text("… ", style="dim") + line if first and line is shown[0] else line for line in shown])
