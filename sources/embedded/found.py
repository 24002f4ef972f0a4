"""What a picture's file says of it by itself: texts, keywords, when and with what it was taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..captions import shows
from ..record import MetadataValue


@dataclass(frozen=True)
class Embedded:
    """``texts``: descriptions before titles, each on one line. ``taken``: ISO 8601, with an offset where the camera wrote one.
    ``place``: latitude and longitude in degrees; ``city`` and ``country`` as they are written."""

    texts: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    taken: str | None = None
    camera: str | None = None
    place: tuple[float, float] | None = None
    city: str | None = None
    country: str | None = None

    def __bool__(self) -> bool:
        return self != NOTHING

    def and_then(self, other: Embedded) -> Embedded:
        """All texts and keywords of both, of the rest this one's first."""
        return Embedded(
            distinct(self.texts + other.texts),
            distinct(self.keywords + other.keywords),
            self.taken or other.taken,
            self.camera or other.camera,
            self.place or other.place,
            self.city or other.city,
            self.country or other.country,
        )

    @property
    def captions(self) -> tuple[str, ...]:
        """The texts; where there are none, the keywords as one."""
        return self.texts or ((", ".join(self.keywords),) if self.keywords else ())

    def fields(self, *, place: bool) -> dict[str, MetadataValue]:
        """What can be filtered by, by the names in ``FIELDS``; where the picture was taken only where ``place`` asks for it."""
        values: dict[str, MetadataValue | None] = {
            "keywords": self.keywords or None,
            "taken": self.taken,
            "camera": self.camera,
        }
        if place:
            values.update(city=self.city, country=self.country)
            values["place"] = f"{self.place[0]:.6f},{self.place[1]:.6f}" if self.place else None
        return {name: value for name, value in values.items() if value is not None}


NOTHING = Embedded()


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """``texts`` on one line each, without empty ones and repetitions in other letters or with other blanks."""
    kept: dict[str, str] = {}
    for text in texts:
        line = " ".join(text.split())
        if shows(line):
            kept.setdefault(line.casefold(), line)
    return tuple(kept.values())
