"""What is to be done for an entry, as the feed decided."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeAlias, TypeVar

from clipseek.sources import Skipped

from ..index.documents import Item
from ..protocols import PictureT
from .decide import Verdict

PictureC = TypeVar("PictureC", covariant=True)


@dataclass(frozen=True)
class Unchanged:
    """An entry that is in the index, as the document ``id``, as the source says it, or a part of one; an entry by its token has so
    many ``documents``."""

    item: Item
    id: str
    documents: int = 1


@dataclass(frozen=True)
class Changed:
    """A document whose picture is the same; ``verdict`` says what of it is to be written, ``state`` to which state of it. ``gone``
    are documents that spoke of this entry before. ``text``: the fields of the words in the picture, which are being read
    (``Texts.of``); ``before``: those that it has.
    """

    item: Item
    verdict: Verdict
    state: Mapping[str, int]
    gone: tuple[str, ...] = ()
    text: Future[dict[str, str]] | None = None
    before: Mapping[str, str] = field(default_factory=dict)


class Coming(Protocol[PictureC]):
    """A picture that is being decoded."""

    def result(self) -> PictureC: ...


@dataclass(frozen=True)
class New(Generic[PictureT]):
    """A picture to encode; ``picture`` raises ValueError with the reason where it cannot be decoded. ``state``: of the document
    that it replaces, if one has its id. ``rules``: what its document stores besides the rules that the picture met
    (``PixelRules.stale``). ``text`` as in ``Changed``.
    """

    item: Item
    picture: Coming[PictureT]
    state: Mapping[str, int] | None = None
    gone: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    text: Future[dict[str, str]] | None = None


@dataclass(frozen=True)
class Foreign:
    """An entry whose id is that of another source's document."""

    item: Item
    reason: str


@dataclass(frozen=True)
class Repeated:
    """An entry whose document came before in this run: of another with the same bytes, or with the same id, which it joins if it
    has the same bytes."""

    item: Item
    gone: tuple[str, ...] = ()


Step: TypeAlias = Skipped | Foreign | Repeated | Unchanged | Changed | New[PictureT]
