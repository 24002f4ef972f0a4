"""Data sets of the Hugging Face hub by their id, ``hub:owner/name`` or ``hub:owner/name:split``; needs ``datasets`` and the hub.

Pictures are written to the cache once, as the files that they are on the hub; what was written before is used again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from clipseek.files.text import reason_of

from ..errors import MalformedSource, SourceError, SourceNotFound
from ..fields import Columns, from_object
from ..manifests.kept import kept
from ..record import Record
from ..splits import EVERY, Splits

PREFIX = "hub:"
_NAME = re.compile(r"hub:([\w.-]+/[\w.-]+|[\w.-]+)(?::([\w.\[\]%:-]+))?")

#: Name -> the splits that the data set has.
List = Callable[[str], list[str]]
#: Name and split -> rows, the picture as {"bytes": …, "path": …}; and the columns' names.
Load = Callable[[str, str, str], tuple[Iterable[Mapping[str, Any]], list[str]]]


def is_hub(source: Path) -> bool:
    """True for ``hub:…`` that is no file here."""
    return str(source).startswith(PREFIX) and not source.exists()


def own_split(source: Path) -> str | None:
    """The split in ``hub:owner/name:split``; None where it is not named there, or ``source`` is no data set of the hub."""
    match = _NAME.fullmatch(str(source)) if is_hub(source) else None
    return match[2] if match else None


def read_hub(
    source: Path,
    columns: Columns,
    cache: Path,
    splits: Splits = EVERY,
    load: Load | None = None,
    names: List | None = None,
) -> Iterator[Record]:
    """A record for every row, with the metadata ``split``; its id is the data set's name, split and the row's number where the
    data set has none.

    Where ``source`` names a split, ``splits`` must name none or the same. Raises SourceError, SourceNotFound where the hub has no
    such data set or does not answer, UnknownSplit, MissingColumn, MalformedSource.
    """
    match = _NAME.fullmatch(str(source))
    if match is None:
        raise SourceNotFound(f"{source} is no data set of the hub; write hub:owner/name or hub:owner/name:split")
    name, own = match[1], match[2]
    chosen = [own] if own else splits.pick((names or _names)(name), str(source))
    for split in chosen:
        yield from _rows(source, name, split, columns, cache, load or _load)


def _rows(source: Path, name: str, split: str, columns: Columns, cache: Path, load: Load) -> Iterator[Record]:
    rows, names = load(name, split, columns.image)
    columns.check(names, str(source))
    folder = cache / "hub" / name.replace("/", "--") / re.sub(r"\W", "-", split)
    for number, row in enumerate(rows):
        place = f"{source} row {number}" if str(source).endswith(f":{split}") else f"{source}:{split} row {number}"
        picture = row[columns.image]
        if not isinstance(picture, Mapping) or not isinstance(picture.get("bytes"), bytes):
            raise MalformedSource(
                f"{place}: {columns.image!r} holds no picture; name the right column with --image-column"
            )
        fields = {key: value for key, value in row.items() if not isinstance(value, (bytes, Mapping))}
        # With the data set's name: two of them in one index must not take each other's places.
        fields.setdefault(columns.id, f"{name}:{split}-{number}")
        fields["split"] = split.partition("[")[0]
        yield from_object(fields, columns, place, image=kept(folder, number, picture["bytes"]))


def _names(name: str) -> list[str]:
    datasets = _library(name)
    try:
        return list(datasets.get_dataset_split_names(name))
    except Exception as problem:  # the library and the hub's client raise what they like
        raise SourceNotFound(
            f"hub:{name} cannot be loaded ({reason_of(problem)}); is the hub reachable, the name right?"
        ) from None


def _library(name: str) -> Any:
    try:
        import datasets
    except ImportError:
        raise SourceError(
            f"hub:{name}: the hub's data sets are read by datasets, which is not installed; pip install datasets"
        ) from None
    return datasets


def _load(name: str, split: str, image: str) -> tuple[Iterable[Mapping[str, Any]], list[str]]:
    datasets = _library(name)
    try:
        rows = datasets.load_dataset(name, split=split, streaming=True)
        names = list(rows.column_names or rows.features)
        if image in names:
            rows = rows.cast_column(image, datasets.Image(decode=False))
    except Exception as problem:  # the library and the hub's client raise what they like
        raise SourceNotFound(
            f"hub:{name}:{split} cannot be loaded ({reason_of(problem)}); is the hub reachable, the name right?"
        ) from None
    return rows, names
