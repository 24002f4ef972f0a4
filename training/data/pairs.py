"""Pairs: pictures as uint8 rows, captions as text, and groups."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.evaluation import Judgments
from clipseek.evaluation.judgments import Ints, caption_key, numbered
from clipseek.sources import Record, shown
from clipseek.sources.record import MetadataValue
from numpy.typing import NDArray

from ..errors import UnusableData
from .pixels import Progress, decode_all
from .streamed import Streamed, name_of


@dataclass(frozen=True)
class Pairs:
    """N captions on P distinct pictures; a picture with several captions is several pairs.

    pixels: (P, S, S, 3) uint8, or what decodes its rows as they are asked for. digests: hash of each picture's file, of streamed
    ones of their path, size and time. picture: (N,) int64, each caption's picture.
    groups: equal ones make pairs each other's positives, as equal captions and equal pictures do. facts: what the source says of
    each pair besides, or empty.
    """

    pixels: NDArray[np.uint8] | Streamed
    digests: list[str]
    picture: Ints
    captions: list[str]
    groups: list[str]
    skipped: list[tuple[str, str]] = field(default_factory=list)  # file, reason
    facts: list[Mapping[str, MetadataValue]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.captions)

    def take(self, rows: list[int]) -> Pairs:
        """The given pairs alone, over the same pixels."""
        return Pairs(
            self.pixels,
            self.digests,
            self.picture[rows],
            [self.captions[i] for i in rows],
            [self.groups[i] for i in rows],
            facts=[self.facts[i] for i in rows] if self.facts else [],
        )

    def decoded(self) -> Pairs:
        """The same pairs with their pictures in memory, without those that cannot be read."""
        if not isinstance(self.pixels, Streamed):
            return self
        used, place = self.shown_pictures()
        pixels, problems = self.pixels[used], self.pixels.problems
        keep = [at for at, row in enumerate(self.picture.tolist()) if row not in problems]
        names = [self.pixels.content.get(row, "") for row in used.tolist()]
        return Pairs(pixels, names, place, self.captions, self.groups).take(keep)

    def fingerprint(self) -> str:
        """Hex SHA-256 over pictures' bytes (of streamed ones: path, size and time), captions and groups, in their order."""
        digest = hashlib.sha256()
        for picture, caption, group in zip(self.picture.tolist(), self.captions, self.groups, strict=True):
            line = "\0".join((self.digests[picture], caption, group))
            digest.update(line.encode("utf-8", "replace") + b"\n")
        return digest.hexdigest()

    def shown_pictures(self) -> tuple[Ints, Ints]:
        """Rows of ``pixels`` that these pairs use, (Q,), and for each pair its place among them, (N,)."""
        used, place = np.unique(self.picture, return_inverse=True)
        return used, place

    def truth(self) -> Judgments:
        """Which captions and pictures are right for each other; pictures are numbered as in ``shown_pictures``."""
        return Judgments.of(self.captions, self.groups, self.shown_pictures()[1])


def load_pairs(
    records: Iterable[Record],
    spec: ImageSpec,
    on_progress: Progress = lambda done, of: None,
    cache: Path | None = None,
) -> Pairs:
    """Decode and crop every record's picture as serving does; several captions become several pairs.

    ``cache``: a folder that keeps the decoded pixels for the next run. What cannot be read or has no caption is listed
    under ``skipped``. Raises UnusableData when nothing is left.
    """
    entries = list(records)
    with_words, skipped = _with_words(entries)
    pixels, digests, rows = decode_all([record.image for record in with_words], spec, cache, on_progress)
    pairs = _paired(with_words, pixels, digests, rows, skipped)
    if not pairs.captions:
        why = f"; the first: {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise UnusableData(
            f"no usable pair among {len(entries)} records{why}; name a manifest with pictures and captions"
        )
    return pairs


def _with_words(entries: list[Record]) -> tuple[list[Record], list[tuple[str, str]]]:
    """The records that have a caption, and (file, reason) of the others."""
    some = [record for record in entries if any(map(str.strip, record.captions))]
    return some, [(shown(r.image), "no caption") for r in entries if not any(map(str.strip, r.captions))]


class Listing:
    """Records whose pictures are to be streamed; the sizes of their files are looked up, and nothing is opened."""

    def __init__(self, records: Iterable[Record]) -> None:
        entries = list(records)
        self.number = len(entries)
        self.with_words, self.skipped = _with_words(entries)
        place: dict[str, int] = {}
        self.rows: list[int | str] = [place.setdefault(str(record.image), len(place)) for record in self.with_words]
        self.paths = list({str(record.image): record.image for record in self.with_words}.values())
        self.names = [name_of(path) for path in self.paths]


def stream_pairs(records: Iterable[Record] | Listing, spec: ImageSpec, cache: Path | None = None) -> Pairs:
    """The pairs of ``load_pairs``, whose pictures are decoded when they are asked for.

    What cannot be read is found out then (``Streamed.problems``). Raises UnusableData when nothing is left.
    """
    listing = records if isinstance(records, Listing) else Listing(records)
    if not listing.paths:
        raise UnusableData(f"no usable pair among {listing.number} records; name a manifest with pictures and captions")
    pixels = Streamed(listing.paths, spec, cache, listing.names)
    return _paired(listing.with_words, pixels, pixels.names, listing.rows, listing.skipped)


def _paired(
    records: list[Record],
    pixels: NDArray[np.uint8] | Streamed,
    digests: list[str],
    rows: list[int | str],
    skipped: list[tuple[str, str]],
) -> Pairs:
    """A pair for each caption; ``skipped`` gets the records whose row is a reason."""
    picture: list[int] = []
    captions: list[str] = []
    groups: list[str] = []
    facts: list[Mapping[str, MetadataValue]] = []
    for record, row in zip(records, rows, strict=True):
        if isinstance(row, str):
            skipped.append((shown(record.image), row))
            continue
        for caption in filter(str.strip, record.captions):
            picture.append(row)
            captions.append(caption)
            groups.append(record.group or caption_key(caption))
            facts.append(record.metadata)
    return Pairs(pixels, digests, np.array(picture, np.int64), captions, groups, skipped, facts)


def joint_keys(*parts: Pairs) -> Ints:
    """(N, 3) int64 over all parts one after another: picture, caption, group; equal in any column, each other's positives."""
    digests = [part.digests[row] for part in parts for row in part.picture.tolist()]
    captions = [caption for part in parts for caption in part.captions]
    groups = [group for part in parts for group in part.groups]
    return Judgments.of(captions, groups, numbered(digests)).keys


def check_usable(pairs: Pairs) -> None:
    """Raise UnusableData where a contrastive loss would have no negatives."""
    count, reason = len(pairs), ""
    if count < 2:
        number = f"{count or 'no'} pair{'' if count == 1 else 's'}"
        reason = f"{number} to train on; the other pairs are the negatives, so give at least two"
    elif len({caption_key(caption) for caption in pairs.captions}) < 2:
        reason = f"all {count} captions are equal ({pairs.captions[0][:60]!r}); there is nothing to tell apart"
    elif len(set(pairs.groups)) < 2:
        reason = f"all {count} pairs are of group {pairs.groups[0][:60]!r}; expected at least two groups"
    elif len(set(pairs.picture.tolist())) < 2:
        reason = f"all {count} pairs show one picture; there is nothing to tell apart"
    if reason:
        raise UnusableData(reason)
