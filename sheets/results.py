"""A result sheet: one HTML file with everything in it, pictures too, for people who would rather look than read."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.files import read_file
from clipseek.encoder.pictures.images import open_image, open_picture
from clipseek.encoder.pictures.parts import crop_of
from clipseek.encoder.pictures.rules import Rules
from clipseek.files.text import reason_of, visible
from clipseek.files.whole import write_whole
from clipseek.opensearch.index.image_uri import image_path
from clipseek.opensearch.query.limits import CAPTION
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.browse import Listing
from clipseek.opensearch.search.hits import Hit
from clipseek.opensearch.search.whole_ids import short_id

from .page import render_page, thumbnail

THUMB = 160  # pixels
AnswerC = TypeVar("AnswerC", bound=Answer | Listing, covariant=True)


@dataclass(frozen=True)
class Section(Generic[AnswerC]):
    """One search on the sheet, or pictures that were listed without one. ``command`` is what to type to see it again."""

    title: str
    answer: AnswerC
    command: str = ""


def render_sheet(title: str, sections: Iterable[Section[Answer | Listing]], intro: str = "") -> str:
    """The sheet as HTML; needs nothing from outside."""
    body = "\n".join(_section(section) for section in sections)
    lead = f'<pre class="panel">{html.escape(intro)}</pre>' if intro else ""
    header = (
        f'<header><h1>{html.escape(title)}</h1><p class="legend"><i class="key orange"></i> share of the caption (BM25) '
        f'<i class="key blue"></i> share of the picture (CLIP vector)</p>{lead}</header>'
    )
    return render_page(title, "results", f"{header}\n{body}")


def write_sheet(path: Path, title: str, sections: Iterable[Section[Answer | Listing]], intro: str = "") -> None:
    """Write the sheet to ``path``; folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, render_sheet(title, sections, intro))


def _section(section: Section[Answer | Listing]) -> str:
    answer = section.answer
    scored = isinstance(answer, Answer)
    if isinstance(answer, Answer):
        asked, facts = _asked(answer), _facts(answer)
    else:
        asked, facts = "", [] if answer.page.sort else ["the newest first"]
    facts += [f"by {answer.page.sort}"] if answer.page.sort else []
    facts += [f"{answer.documents:,} pictures", f"{answer.milliseconds} ms"]
    ranked = enumerate(answer.hits, answer.page.start + 1)
    cards = "\n".join(_card(rank, hit, scored=scored) for rank, hit in ranked) or '<p class="legend">nothing found</p>'
    command = f"<code>{html.escape(section.command)}</code>" if section.command else ""
    return (
        f"<section><h2>{html.escape(section.title)}</h2>"
        f'<div class="asked">{asked}<small>{html.escape(" · ".join(facts))}</small></div>'
        f'{command}<div class="cards">{cards}</div></section>'
    )


def _facts(answer: Answer) -> list[str]:
    """How it was searched."""
    query = answer.query
    facts: list[str] = [query.resolved_kind]
    if query.fused:
        fusion = answer.fusion
        facts.append("rrf" if fusion.technique == "rrf" else f"{fusion.technique}, {fusion.weight:.0%} vector")
        if not answer.plan.complete:
            facts.append("two lists")
    facts += [f"like {name}" for name, _ in query.like]
    facts += [f"not {what}" for what in (*query.unwanted, *(name for name, _ in query.unlike))]
    return [*facts, *query.filters]


def _asked(answer: Answer) -> str:
    """The words and pictures of the query."""
    query = answer.query
    words = ", ".join(text for text, _ in query.all_texts)
    shown = f"<q>{html.escape(words[:200])}</q>" if words else ""
    for picture in query.all_pictures:
        seen = thumbnail(open_image(picture.data, crop=picture.crop), THUMB)
        shown += f'<img alt="query picture" src="{seen}">'
    return shown


def _card(rank: int, hit: Hit, *, scored: bool) -> str:
    caption = "".join(
        f"<em>{html.escape(text)}</em>" if matched else html.escape(text) for text, matched in hit.pieces()
    )
    if hit.text:
        words = "".join(
            f"<em>{html.escape(text)}</em>" if matched else html.escape(text) for text, matched in hit.text_pieces()
        )
        caption += f"<small>{'only in the picture' if hit.text_only else 'in the picture'}: {words}</small>"
    tail = " tail" if hit.relevant is False else ""
    left, right = hit.shares.get(CAPTION, 0.0), sum(share for name, share in hit.shares.items() if name != CAPTION)
    numbers = [f"{hit.score:.3f}"] if scored else []
    if hit.cosine is not None:
        numbers.append(f"cos {hit.cosine:.2f}")
    if CAPTION in hit.raw:
        numbers.append(f"bm25 {hit.raw[CAPTION]:.1f}")
    small = "<br>".join(filter(None, (" · ".join(numbers), html.escape(short_id(hit.id)[:80]))))
    return (
        f'<figure class="panel{tail}"><div class="picture"><b>{rank}</b>{picture_tile(hit.uri, crop_of(hit.part))}</div>'
        f'<div class="bar" title="caption {left:.0%}, vector {right:.0%}"><i class="orange" style="width:{left:.1%}"></i>'
        f'<i class="blue" style="width:{right:.1%}"></i></div>'
        f"<figcaption>{caption or '<small>no caption</small>'}<small>{small}</small></figcaption></figure>"
    )


def picture_tile(uri: str, crop: Crop | None = None) -> str:
    """HTML of the picture that an index says is at ``uri``, or of ``crop`` of it, within the encoder's limits; else the reason."""
    path = image_path(uri) or Path(uri)
    try:
        return f'<img alt="" loading="lazy" src="{_data_uri(read_file(path), crop)}">'
    except (OSError, ValueError, MemoryError) as problem:
        reason = html.escape(visible(reason_of(problem), one_line=True))
        return f"<small>not shown: {reason}</small>"


def _data_uri(data: bytes, crop: Crop | None = None) -> str:
    return thumbnail(open_picture(data, Rules(), reduce_to=THUMB, crop=crop).picture, THUMB)
