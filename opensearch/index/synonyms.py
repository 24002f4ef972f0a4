"""Words that mean the same, for searches of the captions: a file of rules, and the analyzer that knows them.

The captions stay as they are indexed; only what is searched for is widened. A language's own analyzer takes no further step, so
it is made again of its parts, with the synonyms as its last: they are then compared as word stems, as everything else is. That
the parts make the same words of a text as the server's own analyzer, a test on a real server shows for each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import opensearchpy

from ..errors import InvalidOption, RequestRefused
from ..server.templates import fill

#: The analyzer's name in an index.
SEARCH_ANALYZER = "caption_search"
#: They are part of the cluster's state, which every node holds.
MAX_RULES, MAX_BYTES = 10_000, 1_000_000

#: The steps of each analyzer after the standard tokenizer.
CHAINS: dict[str, list[str | dict[str, Any]]] = fill("analyzers.json")


def read_synonyms(path: Path) -> tuple[str, ...]:
    """The rules of a file in Solr's format, a rule a line: ``car, automobile`` (each also finds the other), or ``tv => television``
    (what is left of the arrow is searched for as what is right of it). Empty lines and those that start with # are left out.

    Raises InvalidOption for a file that cannot be read, and for the first line that is no rule.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as problem:
        raise InvalidOption(f"the synonyms {path} cannot be read ({problem.strerror}); name a text file") from None
    except UnicodeDecodeError as problem:
        raise InvalidOption(
            f"the synonyms {path} are not UTF-8 (byte {problem.start:,}); save the file as UTF-8"
        ) from None
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        rule = " ".join(line.split())
        if not rule or rule.startswith("#"):
            continue
        if wrong := _wrong(rule):
            raise InvalidOption(
                f"{path}, line {number}: {rule[:60]!r} {wrong}; write a rule like: car, automobile or: tv => television"
            )
        rules.append(rule)
    if not rules:
        raise InvalidOption(f"{path} has no synonyms; write a rule a line, like: car, automobile or: tv => television")
    if len(rules) > MAX_RULES or len(data) > MAX_BYTES:
        raise InvalidOption(
            f"{path} has {len(rules):,} rules and {len(data):,} bytes; an index takes {MAX_RULES:,} rules and {MAX_BYTES:,} bytes"
        )
    return tuple(rules)


def _wrong(rule: str) -> str:
    """What is wrong with it, or nothing."""
    if any(not character.isprintable() for character in rule):
        return "has a character that cannot be printed"
    if "\\" in rule:
        return "has a backslash"
    sides = [[term.strip() for term in side.split(",")] for side in rule.split("=>")]
    if len(sides) > 2:
        return "has more than one =>"
    if any(not any(side) for side in sides):
        return "has nothing on one side of =>" if len(sides) == 2 else "has no word"
    if any("" in side for side in sides):
        return "has two commas with no word between them, or one at an end"
    return "has one word only" if len(sides) == 1 and len(sides[0]) == 1 else ""


def digest(rules: Sequence[str]) -> str:
    """Tells rules from others; nothing for none."""
    return hashlib.sha256("\n".join(rules).encode()).hexdigest()[:16] if rules else ""


def analysis(analyzer: str, rules: Sequence[str]) -> dict[str, Any]:
    """The ``analysis`` settings of an index: SEARCH_ANALYZER, which is ``analyzer`` with the rules as its last step.

    Raises InvalidOption for an analyzer whose parts are not known here.
    """
    if analyzer not in CHAINS:
        raise InvalidOption(
            f"analyzer {analyzer} takes no synonyms here; use --analyzer with one of {', '.join(sorted(CHAINS))}, or leave "
            "--synonyms out"
        )
    filters: dict[str, Any] = {}
    steps: list[str] = []
    for number, step in enumerate(CHAINS[analyzer], 1):
        name = step if isinstance(step, str) else f"{SEARCH_ANALYZER}_{number}"
        steps.append(name)
        if isinstance(step, dict):
            filters[name] = step
    if rules:
        filters["synonyms"] = {"type": "synonym_graph", "synonyms": list(rules)}
        steps.append("synonyms")
    made = {"type": "custom", "tokenizer": "standard", "filter": steps}
    return {"filter": filters, "analyzer": {SEARCH_ANALYZER: made}}


def refused_rule(client: opensearchpy.OpenSearch, analyzer: str, rules: Sequence[str]) -> str | None:
    """The first rule that the server cannot build, of rules that it cannot build together; it does not say itself which."""
    made = analysis(analyzer, [])
    steps = [made["filter"].get(step, step) for step in made["analyzer"][SEARCH_ANALYZER]["filter"]]

    def builds(some: Sequence[str]) -> bool:
        synonyms = {"type": "synonym_graph", "synonyms": list(some)}
        try:
            client.indices.analyze(body={"tokenizer": "standard", "filter": [*steps, synonyms], "text": "x"})
        except RequestRefused:
            return False
        return True

    if builds(rules):
        return None
    low, high = 0, len(rules)  # rules[:low] builds, rules[:high] does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if builds(rules[:middle]) else (low, middle)
    return rules[low]
