"""Labels for pictures without training: how much more a picture is like one label's text than like the others'."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import EncoderError
from ..pictures.crop import PictureFile
from .clip import ClipEncoder, normalize_rows
from .picture import Picture

TEMPLATE = "a photo of {}"


class ZeroShot:
    """A CLIP and some labels as a classifier (Radford et al. 2021, section 3.1).

    A label's vector is the mean of its unit vectors in all ``templates``, over its length. Raises EncoderError for fewer
    than two labels, a label twice, or a template without ``{}``.
    """

    def __init__(self, encoder: ClipEncoder, labels: Sequence[str], templates: Sequence[str] = (TEMPLATE,)) -> None:
        self.labels = tuple(" ".join(label.split()) for label in labels)
        self._encoder = encoder
        check_labels(self.labels, templates)
        self.texts = label_texts(self.labels, templates)
        self._vectors = label_vectors(encoder.encode_texts, self.labels, templates)

    def probabilities(self, pictures: Sequence[Picture]) -> NDArray[np.float64]:
        """(N, L): softmax over the labels of the model's logit scale times the cosine; rows sum to 1."""
        return softmax(self._encoder.bundle.logit_scale * (self._encoder.encode_pictures(pictures) @ self._vectors.T))

    def classify_files(self, files: Sequence[PictureFile]) -> Iterator[tuple[PictureFile, list[float] | str]]:
        """For each file, in order: a probability for each label, or the reason why the picture cannot be read."""
        for window in self._encoder.read_pictures(files):
            rows = iter(self.probabilities([read for _, read in window if isinstance(read, Picture)]).tolist())
            for file, read in window:
                yield file, next(rows) if isinstance(read, Picture) else read


def label_texts(labels: Sequence[str], templates: Sequence[str]) -> list[str]:
    """Each label in every template. Not by str.format: a label or template may hold braces of its own."""
    return [template.replace("{}", label) for label in labels for template in templates]


def label_vectors(
    encode_texts: Callable[[Sequence[str]], NDArray[np.float32]], labels: Sequence[str], templates: Sequence[str]
) -> NDArray[np.float32]:
    """(L, D) float32, unit rows. ``encode_texts``: N texts to (N, D) float32, unit rows."""
    vectors = encode_texts(label_texts(labels, templates)).reshape(len(labels), len(templates), -1)
    return normalize_rows(vectors.mean(axis=1))


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Over the last axis, in float64; safe for logits of any size."""
    wide = logits.astype(np.float64)
    grown = np.exp(wide - wide.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = grown / grown.sum(axis=-1, keepdims=True)
    return shares


def check_labels(labels: Sequence[str], templates: Sequence[str]) -> None:
    """Raise EncoderError for fewer than two labels, an empty one, one twice, or a template without ``{}``."""
    if len(labels) < 2 or not all(labels):
        raise EncoderError(
            f"{len([label for label in labels if label])} label(s) {', '.join(labels)!r}; expected at least two, none of "
            "them empty: a probability says how much likelier one is than the others"
        )
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise EncoderError(f"label {twice[0]!r} is given more than once; expected each label once")
    bad = [template for template in templates if "{}" not in template]
    if bad or not templates:
        raise EncoderError(f"template {bad[0] if bad else ''!r} has no place for the label; write {{}} where it goes")
