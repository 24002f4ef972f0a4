"""Which caption is right for which picture.

A caption is right for a picture that carries it. It is also right for a picture that carries an equal caption, and for
one of the same *group* (the same concept, patient, article): counting those as wrong would punish a model for being
right. "Equal in any of several keys" is not transitive, so it is kept as a join over keys, never as classes: two
patients who share one caption do not become one patient. No pair matrix is made; it stays as small as the data.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import EvaluationError

Ints = NDArray[np.int64]


def caption_key(caption: str) -> str:
    """Captions that differ only in case or white space are equal."""
    return " ".join(caption.split()).casefold()


class Positives:
    """For each query the gallery items that share at least one key with it.

    ``query_rows``/``query_keys``: (E,) int64, entry e says that query ``query_rows[e]`` has key ``query_keys[e]``; the
    gallery's two arrays likewise. A query or an item may have any number of keys.
    """

    def __init__(self, query_rows: Ints, query_keys: Ints, gallery_columns: Ints, gallery_keys: Ints, queries: int):
        by_row = np.argsort(query_rows, kind="stable")
        self._rows = query_rows[by_row]
        self._start = np.searchsorted(self._rows, np.arange(queries + 1))
        by_key = np.argsort(gallery_keys, kind="stable")
        self._columns = gallery_columns[by_key]
        self._left = np.searchsorted(gallery_keys[by_key], query_keys[by_row], side="left")
        self._right = np.searchsorted(gallery_keys[by_key], query_keys[by_row], side="right")
        self.queries = queries

    def rows(self, start: int, stop: int) -> tuple[Ints, Ints]:
        """(row - start, column) of every right answer of queries ``start:stop``, each once, sorted by row."""
        entries = slice(self._start[start], self._start[stop])
        left = self._left[entries]
        lengths = self._right[entries] - left
        # Position inside the concatenation of the ranges left[i]:right[i].
        offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = self._columns[np.repeat(left, lengths) + offsets]
        rows = np.repeat(self._rows[entries] - start, lengths)
        width = int(columns.max(initial=0)) + 1
        rows, columns = np.divmod(np.unique(rows * width + columns), width)
        return rows, columns


def numbered(labels: Sequence[Hashable]) -> Ints:
    """(len(labels),) int64: equal labels, equal numbers."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)


@dataclass(frozen=True)
class Judgments:
    """The ground truth of held-out pairs: N captions, each on one of P pictures.

    owner: (N,) int64, the picture of each caption. keys: (N, K) int64, K keys of each caption, -1 for none; captions
    that agree in any key (in the same column) are right for each other's pictures.
    """

    owner: Ints
    keys: Ints

    @classmethod
    def of(
        cls,
        captions: Sequence[str],
        groups: Sequence[str | None] | None = None,
        owner: Sequence[int] | Ints | None = None,
    ) -> Judgments:
        """From each pair's caption, its group or None, and the number of its picture (its own where not given)."""
        count = len(captions)
        of_picture = np.arange(count, dtype=np.int64) if owner is None else np.asarray(owner, np.int64)
        if len(of_picture) != count or (groups is not None and len(groups) != count):
            raise EvaluationError(f"{count} captions, {len(of_picture)} pictures' numbers; expected equal lengths")
        columns = [of_picture, numbered([caption_key(caption) for caption in captions])]
        if groups is not None:
            known = numbered(["" if group is None else group for group in groups])
            columns.append(np.where([group is None for group in groups], -1, known))
        return cls(of_picture, np.stack(columns, axis=1))

    @classmethod
    def of_labels(cls, labels: Sequence[Hashable]) -> Judgments:
        """Pair i is caption i on picture i; equal labels are right for one another, and nothing else."""
        return cls(np.arange(len(labels), dtype=np.int64), numbered(labels)[:, None])

    @property
    def captions(self) -> int:
        return len(self.owner)

    @property
    def pictures(self) -> int:
        return int(self.owner.max(initial=-1)) + 1

    def take(self, rows: Ints) -> Judgments:
        """Some captions alone, row i on picture i: rows are of distinct pictures."""
        return Judgments(np.arange(len(rows), dtype=np.int64), self.keys[rows])

    def first_captions(self) -> Ints:
        """(P,) int64: each picture's first caption."""
        return np.unique(self.owner, return_index=True)[1]

    def _entries(self) -> tuple[Ints, Ints]:
        """(caption, key) for every key that is known, with keys of different columns kept apart."""
        rows, columns = np.nonzero(self.keys >= 0)
        return rows, self.keys[rows, columns] * self.keys.shape[1] + columns

    def text_to_image(self) -> Positives:
        """Queries are the captions, the gallery is the pictures."""
        rows, keys = self._entries()
        return Positives(rows, keys, self.owner[rows], keys, self.captions)

    def image_to_text(self) -> Positives:
        """Queries are the pictures, the gallery is the captions."""
        rows, keys = self._entries()
        return Positives(self.owner[rows], keys, rows, keys, self.pictures)
