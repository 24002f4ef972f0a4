"""What a source of pairs holds, before anybody trains on it: sizes, unreadable files, duplicates, captions, lengths."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder.device.session import available_cores
from clipseek.encoder.pictures.files import read_picture
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.likeness import SIDE, near_duplicates
from clipseek.encoder.pictures.perceptual_hash import perceptual_hash, small_copy
from clipseek.encoder.pictures.rules import Rules
from clipseek.evaluation.judgments import caption_key
from clipseek.evaluation.mismatched import mismatched
from clipseek.sources import Record, Skipped, shown
from numpy.typing import NDArray

from .odd_captions import odd_captions
from .odd_pictures import KINDS, oddities
from .pairs import Pairs
from .pixels import digest_of

WINDOW = 256  # files read ahead
_EDGE = 224  # of a model, in pixels: large pictures are read as for one

#: Texts -> the number of tokens of each, both ends included and nothing cut.
CountTokens = Callable[[Sequence[str]], Sequence[int]]


@dataclass(frozen=True)
class File:
    """A picture file that was read: hash of its bytes, their number, width and height in pixels; its perceptual hash,
    the bytes of its small copy, and what is odd about it (``odd_pictures.KINDS``)."""

    digest: str
    size: int
    width: int
    height: int
    hash: int
    copy: bytes
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class Survey:
    """``files``: every distinct path, what it holds or why it cannot be read. ``other``: files that are no pair at all.

    ``lost``: the captions that went with those. ``odd_paths``: where the odd pictures are. ``records``: path, captions and group
    of each record, in the order of the source.
    """

    records: list[tuple[str, tuple[str, ...], str | None]]
    files: dict[str, File | str]
    other: list[tuple[str, str]]
    lost: int = 0
    odd_paths: dict[str, Path] = field(default_factory=dict)

    @property
    def odd(self) -> dict[str, tuple[str, ...]]:
        """What is odd about each picture that is."""
        return {name: file.odd for name, file in self.readable.items() if file.odd}

    def odd_kinds(self) -> Counter[str]:
        """How many pictures are odd in each way, in the order of KINDS."""
        counted = Counter(kind for odd in self.odd.values() for kind in odd)
        return Counter({kind: counted[kind] for kind in KINDS if counted[kind]})

    @property
    def readable(self) -> dict[str, File]:
        return {name: file for name, file in self.files.items() if isinstance(file, File)}

    @property
    def unreadable(self) -> list[tuple[str, str]]:
        """(file, reason)."""
        return [(name, reason) for name, reason in self.files.items() if isinstance(reason, str)]

    @property
    def captions(self) -> list[str]:
        """Of all readable pictures, without blank ones: what training would use."""
        readable = self.readable
        return [text for name, texts, _ in self.records if name in readable for text in texts if text.strip()]

    def distinct(self) -> dict[str, tuple[str, File]]:
        """Hash of the bytes -> the first readable file that has them."""
        files: dict[str, tuple[str, File]] = {}
        for name, file in self.readable.items():
            files.setdefault(file.digest, (name, file))
        return files

    def duplicate_pictures(self) -> list[list[str]]:
        """Files of equal bytes, the largest sets first."""
        same: dict[str, list[str]] = defaultdict(list)
        for name, file in self.readable.items():
            same[file.digest].append(name)
        return sorted((names for names in same.values() if len(names) > 1), key=len, reverse=True)

    def near_duplicates(self) -> list[list[str]]:
        """Files that look nearly the same and are not equal, the largest sets first; of equal files only the first."""
        entries = self.distinct().values()
        alike: dict[int, list[str]] = defaultdict(list)
        found = near_duplicates(*appearances(file for _, file in entries))
        for (name, _), first in zip(entries, found.tolist(), strict=True):
            alike[first].append(name)
        return sorted((names for names in alike.values() if len(names) > 1), key=len, reverse=True)

    def captions_per_picture(self) -> dict[int, int]:
        """Number of different captions -> readable pictures that have this number; pictures of equal bytes count once."""
        readable = self.readable
        texts: dict[str, set[str]] = defaultdict(set)
        for name, captions, _ in self.records:
            if name in readable:
                texts[readable[name].digest] |= {caption_key(text) for text in captions if text.strip()}
        return dict(sorted(Counter(len(captions) for captions in texts.values()).items()))

    def duplicate_captions(self) -> list[tuple[str, int]]:
        """(caption, how many different pictures carry it), the most frequent first; case and white space do not count."""
        readable = self.readable
        carried: dict[str, set[str]] = defaultdict(set)
        first: dict[str, str] = {}
        for name, captions, _ in self.records:
            for text in filter(str.strip, captions) if name in readable else ():
                carried[caption_key(text)].add(readable[name].digest)
                first.setdefault(caption_key(text), text)
        shared = [(first[key], len(pictures)) for key, pictures in carried.items() if len(pictures) > 1]
        return sorted(shared, key=lambda pair: -pair[1])

    def odd_captions(self) -> list[tuple[str, str, int]]:
        """(what is odd, text, how often) of captions that say nothing of their picture, the most frequent first."""
        readable = self.readable
        return odd_captions((name, text) for name, texts, _ in self.records if name in readable for text in texts)

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        files = self.readable.values()
        return {
            "records": len(self.records),
            "files": len(self.files),
            "readable": len(files),
            "distinct_pictures": len({file.digest for file in files}),
            "bytes": sum(file.size for file in files),
            "width": spread([file.width for file in files]),
            "height": spread([file.height for file in files]),
            "unreadable": [{"file": name, "reason": reason} for name, reason in self.unreadable],
            "other_files": [{"file": name, "reason": reason} for name, reason in self.other],
            "duplicate_pictures": self.duplicate_pictures(),
            "near_duplicates": self.near_duplicates(),
            "captions": len(self.captions),
            "distinct_captions": len({caption_key(text) for text in self.captions}),
            "captions_per_picture": {str(key): value for key, value in self.captions_per_picture().items()},
            "duplicate_captions": [{"caption": text, "pictures": number} for text, number in self.duplicate_captions()],
            "odd_captions": [
                {"why": why, "caption": text, "number": number} for why, text, number in self.odd_captions()
            ],
            "captions_lost": self.lost,
            "odd_kinds": dict(self.odd_kinds()),
            "odd_pictures": [{"file": name, "why": list(odd)} for name, odd in self.odd.items()],
            "groups": len({group for _, _, group in self.records if group is not None}),
        }


def survey(entries: Iterable[Record | Skipped], on_progress: Callable[[int], None] = lambda done: None) -> Survey:
    """Read and decode every picture of a source once, in threads; never raises for a picture."""
    records: list[tuple[str, tuple[str, ...], str | None]] = []
    paths: dict[str, Path] = {}
    other: list[tuple[str, str]] = []
    lost = 0
    for entry in entries:
        if isinstance(entry, Skipped):
            other.append((shown(entry.path), entry.reason))
            lost += entry.captions
            continue
        name = shown(entry.image)
        records.append((name, entry.captions, entry.group))
        paths[name] = entry.image
    files: dict[str, File | str] = {}
    waiting = iter(paths.items())
    with ThreadPoolExecutor(available_cores()) as pool:
        while window := list(islice(waiting, WINDOW)):
            described = pool.map(lambda path: read_picture(path, _describe), [path for _, path in window])
            files.update(zip([name for name, _ in window], described, strict=True))
            on_progress(len(files))
    odd_paths = {name: paths[name] for name, file in files.items() if isinstance(file, File) and file.odd}
    return Survey(records, files, other, lost, odd_paths)


def appearances(files: Iterable[File]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Hashes (N,) and small copies (N, SIDE, SIDE, 3), as ``likeness`` compares them."""
    listed = list(files)
    hashes = np.array([file.hash for file in listed], np.uint64)
    copies = np.frombuffer(b"".join(file.copy for file in listed), np.uint8).reshape(-1, SIDE, SIDE, 3)
    return hashes, copies


def token_lengths(captions: Sequence[str], count: CountTokens, context: int) -> dict[str, Any]:
    """The spread of the captions' lengths in tokens, and how many are longer than ``context`` and would be cut."""
    lengths = list(count(captions)) if captions else []
    return {"context": context, "tokens": spread(lengths), "cut": sum(length > context for length in lengths)}


def doubted_pairs(
    survey: Survey, pairs: Pairs, texts: NDArray[np.float32], images: NDArray[np.float32]
) -> dict[str, Any]:
    """``texts`` (N, D) and ``images`` (P, D): unit vectors of the pairs' captions and distinct pictures.

    pairs: their number. noticed: the share of wrong pairs that the model would doubt. doubted: file, caption and doubt (the
    share of other pairs that fit as well, 0 to 1), the worst first.
    """
    found = mismatched(texts, images, pairs.truth())
    files = {digest: name for digest, (name, _) in survey.distinct().items()}
    doubted = [
        {
            "file": files.get(pairs.digests[int(pairs.picture[row])], ""),
            "caption": pairs.captions[row],
            "doubt": round(float(found.doubts[row]), 4),
        }
        for row in found.rows.tolist()
    ]
    return {"pairs": len(pairs), "noticed": round(found.noticed, 4), "doubted": doubted}


def spread(values: Sequence[int]) -> dict[str, float]:
    """Least, median, 95th percentile and greatest; nothing for no values."""
    if not values:
        return {}
    names = ("least", "median", "95 %", "greatest")
    return dict(zip(names, np.quantile(values, [0, 0.5, 0.95, 1]).tolist(), strict=True))


def _describe(data: bytes) -> File:
    seen = open_picture(data, Rules(), edge=_EDGE)
    copy = small_copy(seen.picture).tobytes()
    return File(
        digest_of(data).hex(), len(data), seen.width, seen.height, perceptual_hash(seen.picture), copy, oddities(seen)
    )
