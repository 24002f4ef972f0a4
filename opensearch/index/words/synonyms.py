"""Words that mean the same, for searches of the captions: a file of rules.

The captions stay as they are indexed; only what is searched for is widened, in the last step of its analyzer (``analysis.py``): the
synonyms are compared as word stems, as everything else is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import opensearchpy
from clipseek.files.text import canonical

from ...errors import InvalidOption, RequestRefused
from .analysis import ANALYZERS, synonym_steps

#: They are part of the cluster's state, which every node holds.
MAX_RULES, MAX_BYTES = 10_000, 1_000_000


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
        rule = " ".join(canonical(line).split())
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


def check_analyzer(analyzer: str) -> None:
    """Raise InvalidOption for an analyzer that takes no synonyms, because its steps are not known here."""
    if analyzer not in ANALYZERS:
        raise InvalidOption(
            f"analyzer {analyzer} takes no synonyms here; use --analyzer with one of {', '.join(sorted(ANALYZERS))}, or leave "
            "--synonyms out"
        )


def refused_rule(
    client: opensearchpy.OpenSearch, analyzer: str, rules: Sequence[str], *, folding: bool = True
) -> str | None:
    """The first rule that the server cannot build, of rules that it cannot build together; it does not say itself which."""

    def builds(some: Sequence[str]) -> bool:
        try:
            client.indices.analyze(body={**synonym_steps(analyzer, some, folding=folding), "text": "x"})
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
