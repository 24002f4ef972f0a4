"""The report of an evaluation as one HTML file with everything in it: tables, curves, and queries to look at."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from clipseek.evaluation.judgments import Judgments
from clipseek.evaluation.metrics import mean_reciprocal_rank, recall
from clipseek.evaluation.ranked import TEXT_TO_IMAGE
from clipseek.evaluation.reports.comparison import Change
from clipseek.evaluation.reports.examples import Example, JudgedModel, best_and_worst, gains_and_losses, worst_of
from clipseek.evaluation.reports.report import Report
from clipseek.evaluation.reports.slices import Slice, slice_cells
from clipseek.evaluation.reports.table import comparison_cells, report_cells
from numpy.typing import NDArray

from .curves import Curve, curves_svg, ranks_svg
from .page import render_page, thumbnail

DEPTH = 20  # of the curves
THUMB = 96  # pixels
WORST_SLICES = 3  # whose queries are shown
_COLOURS = ("blue", "orange")  # of the model, and of the one before it; classes of the style sheet
_HOW = "each caption with its own picture, the rank of the first right picture, and what came first; green: right"


@dataclass(frozen=True)
class Shown:
    """What the queries look like. ``pixels``: number of a picture -> (H, W, 3) uint8."""

    source: str
    captions: Sequence[str]
    pixels: Callable[[int], NDArray[np.uint8]]


def render_report(
    models: Sequence[JudgedModel],
    truth: Judgments,
    shown: Shown,
    reports: Sequence[Report],
    changes: Sequence[Change] = (),
    slices: Sequence[Slice] = (),
) -> str:
    """The page for one model, or for a model and the one before it (with ``changes``); ``slices``: of the first model.

    It needs nothing from outside.
    """
    body = [_head(models, truth, shown.source), _tables(models, reports, changes), _curves(models)]
    body += _slices(models[0], truth, shown, slices)
    body += _galleries(models, truth, shown)
    return render_page(f"{models[0].name} on {shown.source}", "evaluation", "\n".join(body))


def _head(models: Sequence[JudgedModel], truth: Judgments, source: str) -> str:
    words = ("after", "before") if len(models) > 1 else ("model",)
    names = "".join(
        f'<p><i class="key {colour}"></i> {word}: <code>{html.escape(model.name)}</code></p>'
        for word, colour, model in zip(words, _COLOURS, models, strict=False)
    )
    sizes = f"{truth.captions:,} captions on {truth.pictures:,} pictures"
    return (
        f"<header><h1>clipseek evaluate</h1>{names}<p>pairs: <code>{html.escape(source)}</code> <small>{sizes}</small></p>"
        "<p><small>In batches a query is ranked against its batch alone, which is easier than the whole gallery; equal "
        "captions and groups are right for each other; ties count against the model.</small></p></header>"
    )


def _tables(models: Sequence[JudgedModel], reports: Sequence[Report], changes: Sequence[Change]) -> str:
    parts = []
    if changes:
        parts.append("<h2>Difference</h2>" + _table(*comparison_cells(changes), left=3))
    for model, report in zip(models, reports, strict=True):
        parts.append(f"<h2>{html.escape(model.name)}</h2>" + _table(*report_cells(list(report.rows())), left=2))
    return f"<section>{''.join(parts)}</section>"


def _table(names: Sequence[str], cells: Sequence[Sequence[str]], left: int) -> str:
    def row(tag: str, words: Sequence[str]) -> str:
        tagged = (
            f"<{tag}{' class=word' if at < left else ''}>{html.escape(word)}</{tag}>" for at, word in enumerate(words)
        )
        return f"<tr>{''.join(tagged)}</tr>"

    body = "".join(row("td", words) for words in cells)
    return f'<div class="wide panel"><table><thead>{row("th", names)}</thead><tbody>{body}</tbody></table></div>'


def _curves(models: Sequence[JudgedModel]) -> str:
    charts = []
    for name, of in (("MRR@k", mean_reciprocal_rank), ("recall@k", recall)):
        ranked = [list(model.ranked.rows()) for model in models]
        for what in dict.fromkeys(what for what, _, _ in ranked[0]):
            curves = [
                Curve(
                    f"{model.name}, {direction}",
                    [of(one.ranks.best, k) for k in range(1, DEPTH + 1)],
                    f"{colour} {'solid' if direction == TEXT_TO_IMAGE else 'dashed'}",
                )
                for model, colour, rows in zip(models, _COLOURS, ranked, strict=False)
                for where, direction, one in rows
                if where == what
            ]
            gallery = next(one.ranks.gallery for where, _, one in ranked[0] if where == what)
            size = "" if what.startswith("batches") else f" ({gallery:,})"
            charts.append(curves_svg(f"{name}, {what}{size}", curves))
    legend = '<p class="legend">full line: text to image; dashed: image to text</p>'
    return f'<section><h2>Curves</h2>{legend}<div class="cards charts">{"".join(charts)}</div></section>'


def _galleries(models: Sequence[JudgedModel], truth: Judgments, shown: Shown) -> list[str]:
    if len(models) == 1:
        best, worst = best_and_worst(models[0], truth)
        return [_gallery("Best queries", best, shown), _gallery("Worst queries", worst, shown)]
    after, before = models[0].caption_ranks, models[1].caption_ranks
    rose, fell = int((after < before).sum()), int((after > before).sum())
    words = f"{rose:,} captions find their picture earlier than before, {fell:,} later, {len(after) - rose - fell:,} as before"
    gallery = models[0].ranked.whole_gallery[TEXT_TO_IMAGE].ranks.gallery
    chart = ranks_svg(f"Ranks of {len(after):,} captions; above the line is better", before, after, gallery)
    changes = f'<section><h2>Ranks</h2><p class="legend">{words}</p><div class="cards charts">{chart}</div></section>'
    gains, losses = gains_and_losses(models[0], models[1], truth)
    return [changes, _gallery("Greatest gains", gains, shown), _gallery("Greatest losses", losses, shown)]


def _slices(model: JudgedModel, truth: Judgments, shown: Shown, slices: Sequence[Slice]) -> list[str]:
    if not slices:
        return []
    words = "captions of one value of a column, text to image over the whole gallery"
    parts = [f'<section><h2>Slices</h2><p class="legend">{words}</p>{_table(*slice_cells(slices), left=2)}</section>']
    for one in slices[:WORST_SLICES]:
        title = html.escape(f"Worst queries of {one.column} {one.value}")
        parts.append(_gallery(title, worst_of(model, truth, one.rows), shown))
    return parts


def _gallery(title: str, examples: Sequence[Example], shown: Shown) -> str:
    cards = "".join(_card(one, shown) for one in examples) or '<p class="legend">none</p>'
    return f'<section><h2>{title}</h2><p class="legend">{_HOW}</p><div class="cards">{cards}</div></section>'


def _card(example: Example, shown: Shown) -> str:
    ranks = ", before ".join(
        f'<b class="{colour}">{rank:,}</b>' for rank, colour in zip(example.ranks, _COLOURS, strict=False)
    )
    strips = "".join(
        f'<div class="strip {colour}">{"".join(_thumb(shown.pixels(at), "right" if right else "") for at, right in first)}</div>'
        for first, colour in zip(example.firsts, _COLOURS, strict=False)
    )
    caption = html.escape(" ".join(shown.captions[example.row].split())[:200])
    return (
        f'<article class="panel"><div class="asked">{_thumb(shown.pixels(example.picture), "right")}<div><q>{caption}</q>'
        f"<small>rank {ranks}</small></div></div>{strips}</article>"
    )


def _thumb(pixels: NDArray[np.uint8], style: str) -> str:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return f'<img alt="" class="{style}" src="{thumbnail(picture, THUMB)}">'
