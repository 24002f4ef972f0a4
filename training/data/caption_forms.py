"""What captions of a source look like, and how one of that form is varied: a second reading that is still true of the picture."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

#: tags: "title: tag, tag"; prose: sentences.
Form: TypeAlias = Literal["tags", "prose"]

_LOOKED_AT = 5_000  # captions of a source, spread over all
_WORDS_OF_A_TAG = 4
#: Words that sentences have and tags lack; "no fracture" is a finding, no tag.
_SENTENCE_WORDS = frozenset(
    "no not without nor none is are was were be been has have shows showing seen the a an this that these which".split()  # noqa: SIM905
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")
_CLAUSE_END = re.compile(r"(?<=[;,])\s+")


def caption_form(captions: Sequence[str]) -> Form:
    """tags where at least a third of the captions have a title and tags, and most of those read as such; else prose."""
    step = max(1, len(captions) // _LOOKED_AT)
    seen = captions[::step]
    titled = [parts for caption in seen if (parts := _tags(caption)[1])]
    if 3 * len(titled) < len(seen) or not titled:
        return "prose"
    return "tags" if sum(map(_are_tags, titled)) > 0.6 * len(titled) else "prose"


def varied(caption: str, form: Form, chance: random.Random) -> str:
    """Tags shuffled and some dropped; or of prose some sentences left out, of a single sentence some of its later clauses.

    A caption without such parts stays as it is.
    """
    return _fewer_tags(caption, chance) if form == "tags" else _fewer_sentences(caption, chance)


def _tags(caption: str) -> tuple[str, list[str]]:
    title, _, rest = caption.partition(": ")
    return title, [tag for tag in rest.split(", ") if tag]


def _are_tags(parts: list[str]) -> bool:
    words = [part.lower().split() for part in parts]
    short = all(len(own) <= _WORDS_OF_A_TAG for own in words)
    return short and not any(_SENTENCE_WORDS.intersection(own) for own in words) and not parts[-1].endswith(".")


def _fewer_tags(caption: str, chance: random.Random) -> str:
    """People search with a title's words or with a tag, seldom with both: the model should know every part on its own."""
    title, tags = _tags(caption)
    if not tags:
        return caption
    chosen = ", ".join(chance.sample(tags, chance.randint(0, len(tags))))
    if not chosen:
        return title
    return chosen if chance.random() < 0.1 else f"{title}: {chosen}"


def _fewer_sentences(caption: str, chance: random.Random) -> str:
    """In their order: what comes later speaks of what came before."""
    sentences = _SENTENCE_END.split(caption.strip())
    if len(sentences) > 1:
        kept = chance.randint(1, len(sentences))
        return " ".join(sentences[place] for place in sorted(chance.sample(range(len(sentences)), kept)))
    clauses = _CLAUSE_END.split(sentences[0])
    if len(clauses) < 3:  # "a cat, sleeping": what is left would be no sentence
        return caption
    later = range(1, len(clauses))
    places = [0, *sorted(chance.sample(later, chance.randint(0, len(later))))]
    end = sentences[0][-1] if sentences[0][-1] in ".!?" else ""
    return " ".join(clauses[place] for place in places).rstrip(";,.!?") + end
