"""How a caption becomes the terms that it is found by: an index's analyzers, of the steps in ``mappings/analyzers.json``.

A language's own analyzer of the server takes no further step, so it is made again of its parts, which give the same terms (tested
on a real server for each), and of what all have in common: full-width letters become usual ones, accents are folded, and an emoji
is the same with and without the variation selector behind it. What is stored and what is searched for go through the same steps.

Folding leaves the accented term beside the plain one. So "jose" finds "José" and "Jose" alike, and "José" finds both, the caption
first that is written so. It stands before the stemmer, which then sees one and the same "jose" of both, and behind the stop words,
so that a French "thé" is none. Where a stemmer makes one term of both, ``remove_duplicates`` counts it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clipseek.files.text import canonical

from ...server.templates import fill

#: Raised when a new index makes other terms of a caption. An index keeps the analyzers that it was made with; one that does not say
#: which has those of version 1.
ANALYSIS_VERSION = 2
#: Names in an index: of the caption's analyzer, of ``caption.exact``'s, and of the one for what is searched for, with synonyms.
CAPTION_ANALYZER, EXACT_ANALYZER, SEARCH_ANALYZER = "caption", "caption_exact", "caption_search"

_EMOJI = {"type": "mapping", "mappings": ["\\uFE0E=>", "\\uFE0F=>"]}
#: Those that are made here. An index may have another of the server's, which is used as it is.
ANALYZERS = tuple(fill("analyzers.json", folding=None))


def steps(analyzer: str, *, folding: bool = True, both: bool = True) -> dict[str, Any]:
    """Tokenizer, ``char_filter`` and ``filter`` of one of ANALYZERS. ``both``: the accented term stays beside the folded one."""
    folded = ["cjk_width", {"type": "asciifolding", "preserve_original": both}] if folding else []
    given = fill("analyzers.json", folding=folded)[analyzer]
    parts = given if isinstance(given, dict) else {"filter": given}
    filters = [one for step in parts["filter"] for one in (step if isinstance(step, list) else [step])]
    return {
        "tokenizer": parts.get("tokenizer", "standard"),
        "char_filter": [_EMOJI, *parts.get("char_filter", [])],
        "filter": [*filters, *(["remove_duplicates"] if folding and both else [])],
    }


def synonym_steps(analyzer: str, rules: Sequence[str], *, folding: bool = True) -> dict[str, Any]:
    """The ``steps`` of what is searched for, with synonyms as the last. They take one term at a place, so that only the plain one
    is searched for; every caption has it.
    """
    made = steps(analyzer, folding=folding, both=False)
    return {
        **made,
        "filter": [*made["filter"], {"type": "synonym_graph", "synonyms": [canonical(rule) for rule in rules]}],
    }


def analysis(analyzer: str, rules: Sequence[str] = (), *, folding: bool = True) -> dict[str, Any]:
    """The ``analysis`` settings of an index for captions of the language ``analyzer``: one of ANALYZERS, or the name of another of
    the server's, which needs no settings. ``rules`` are synonyms.
    """
    made: dict[str, Any] = {"char_filter": {}, "filter": {}, "analyzer": {}}
    known = analyzer in ANALYZERS
    plain = steps("standard", folding=folding)["filter"]
    _add(made, EXACT_ANALYZER, {**steps(analyzer if known else "standard"), "filter": plain})
    if known:
        _add(made, CAPTION_ANALYZER, steps(analyzer, folding=folding))
    if rules:
        _add(made, SEARCH_ANALYZER, synonym_steps(analyzer, rules, folding=folding))
    return made


def _add(made: dict[str, Any], name: str, parts: dict[str, Any]) -> None:
    """Put the analyzer ``name`` into ``made``, where a step with settings needs a name of its own."""
    custom = {"type": "custom", "tokenizer": parts["tokenizer"]}
    for kind in ("char_filter", "filter"):
        custom[kind] = []
        for number, step in enumerate(parts[kind], 1):
            if isinstance(step, dict):
                made[kind][f"{name}_{number}"] = step
            custom[kind].append(step if isinstance(step, str) else f"{name}_{number}")
    made["analyzer"][name] = custom
