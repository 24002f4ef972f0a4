"""What is taken for a picture by its name, in one place for every source. Whether it can be decoded is said by what it holds."""

from __future__ import annotations

from .formats.registry import FORMATS

#: Endings by the name of their format: Pillow's, or that of its reader.
SUFFIXES: dict[str, tuple[str, ...]] = {known.name: known.endings for known in FORMATS}
IMAGE_SUFFIXES = frozenset(suffix for group in SUFFIXES.values() for suffix in group)
_DOUBLE = tuple(suffix for suffix in IMAGE_SUFFIXES if suffix.count(".") > 1)


def is_picture_name(name: str) -> bool:
    """Whether a file of this ``name`` is taken for a picture; the case of its letters does not count."""
    name = name.lower()
    stem, dot, suffix = name.rpartition(".")
    return bool(stem and dot and f".{suffix}" in IMAGE_SUFFIXES) or name.endswith(_DOUBLE)
