"""What two sources of pairs have in common: what was trained on tells nothing when it is tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clipseek.encoder.pictures.likeness import near_others
from clipseek.evaluation.judgments import caption_key

from .survey import File, Survey, appearances


@dataclass(frozen=True)
class Shared:
    """``here`` and ``there``: how many distinct pictures (or captions, or groups) of the first and of the second source the
    other has too. ``examples``: one of the first beside one of the second, a pair for each of ``there``; equal texts but once."""

    here: int
    there: int
    examples: list[tuple[str, ...]]

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return {"here": self.here, "there": self.there, "examples": [list(example) for example in self.examples]}


@dataclass(frozen=True)
class Overlap:
    """``equal``: pictures of equal bytes. ``near``: others that look nearly the same. ``captions``: equal but for case and
    white space, of readable pictures. ``groups``: those that both sources name."""

    equal: Shared
    near: Shared
    captions: Shared
    groups: Shared

    def __bool__(self) -> bool:
        return any(shared.there for shared in vars(self).values())

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return {name: shared.as_dict() for name, shared in vars(self).items()}


def overlap(first: Survey, second: Survey) -> Overlap:
    """Compare two sources that were read. Pictures of equal bytes count once in each; what cannot be read does not count."""
    here, there = first.distinct(), second.distinct()
    same = [digest for digest in there if digest in here]
    equal = Shared(len(same), len(same), [(here[digest][0], there[digest][0]) for digest in same])
    return Overlap(
        equal, _near(here, there), _texts(_captions(first), _captions(second)), _texts(*map(_groups, (first, second)))
    )


def near_pictures(first: Survey, second: Survey) -> list[str]:
    """The files of ``first`` that are equal to one of ``second``, or look nearly like it."""
    here, there = first.readable, second.readable
    found = near_others(*appearances(here.values()), *appearances(there.values()))
    digests = {file.digest for file in there.values()}
    return [
        name for at, (name, file) in zip(found.tolist(), here.items(), strict=True) if at >= 0 or file.digest in digests
    ]


def _near(here: dict[str, tuple[str, File]], there: dict[str, tuple[str, File]]) -> Shared:
    """Pictures whose bytes the other source lacks, and that look nearly like one of its own."""
    mine, others = (appearances(file for _, file in side.values()) for side in (here, there))
    names = [name for name, _ in here.values()]
    found, back = near_others(*mine, *others), near_others(*others, *mine)
    number = sum(at >= 0 and digest not in there for at, digest in zip(found.tolist(), here, strict=True))
    examples: list[tuple[str, ...]] = [
        (names[at], name)
        for at, (digest, (name, _)) in zip(back.tolist(), there.items(), strict=True)
        if at >= 0 and digest not in here
    ]
    return Shared(number, len(examples), examples)


def _captions(survey: Survey) -> dict[str, str]:
    texts: dict[str, str] = {}
    for text in survey.captions:
        texts.setdefault(caption_key(text), text)
    return texts


def _groups(survey: Survey) -> dict[str, str]:
    return {group: group for _, _, group in survey.records if group is not None}


def _texts(here: dict[str, str], there: dict[str, str]) -> Shared:
    both = [key for key in there if key in here]
    return Shared(len(both), len(both), [(there[key],) for key in both])
