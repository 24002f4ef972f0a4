"""``clipseek classify --truth``: zero-shot accuracy on pictures whose labels are known."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .terminal.output import count, data, for_reader, is_terminal, note, print_json, print_table
from .terminal.progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.encoder import ClipEncoder
    from clipseek.evaluation.labelled import Accuracy
    from clipseek.sources import Record

#: Rows of each table that a terminal shows.
SHOWN = 20


@dataclass(frozen=True)
class Labelled:
    """The pictures of a source that have a label in the column, and that label."""

    records: list[Record]
    truth: list[str]


def read_labelled(path: Path, column: str, split: tuple[str, ...]) -> Labelled:
    """Of the splits ``split``, or test, else validation where the source knows any. Raises SourceError, UsageError."""
    from clipseek.sources import Source, Splits, records_of

    chosen = Source(path, splits=Splits(split, ("test", "validation"))).chosen()
    records: list[Record] = []
    truth: list[str] = []
    seen: set[str] = set()
    without = 0
    for record in records_of(chosen):
        seen |= record.metadata.keys()
        if label := _label(record, column):
            records.append(record)
            truth.append(label)
        else:
            without += 1
    if said := chosen.line():
        note(said)
    if not records:
        names = ", ".join(sorted({"caption", "folder", "group", *seen}))
        raise click.UsageError(f"--truth {column}: no picture of {path} has a label there; its columns are {names}")
    if without:
        note(f"{count(without, 'picture')} without a label in {column}, left out")
    return Labelled(records, truth)


def _label(record: Record, column: str) -> str:
    value: Any = record.metadata.get(column)
    if value is None and column in ("caption", "group", "folder"):
        value = {"caption": record.caption, "group": record.group, "folder": record.image.parent.name}[column]
    if isinstance(value, tuple):
        raise click.UsageError(f"--truth {column}: {for_reader(str(record.image))} has several labels, expected one")
    return " ".join(str("" if value is None else value).split())


def classify_with_truth(
    encoder: ClipEncoder, found: Labelled, labels: Sequence[str] | None, templates: Sequence[str], as_json: bool
) -> None:
    """``labels``: those to choose among, or None for those of the column. Prints the accuracy. Raises EncoderError."""
    from clipseek.encoder import EncoderError
    from clipseek.encoder.pictures.crop import PictureFile
    from clipseek.encoder.run.zero_shot import ZeroShot
    from clipseek.evaluation.labelled import accuracy
    from clipseek.sources import shown

    classifier = ZeroShot(encoder, labels or sorted(set(found.truth)), templates)
    places = {label.casefold(): at for at, label in enumerate(classifier.labels)}
    known = [
        (one, places[text.casefold()])
        for one, text in zip(found.records, found.truth, strict=True)
        if text.casefold() in places
    ]
    if other := Counter(text for text in found.truth if text.casefold() not in places):
        first = ", ".join(for_reader(text) for text, _ in other.most_common(3))
        note(f"{count(other.total(), 'picture')} of labels that were not given, left out: {first}")
    chances, truth, groups, skipped = list[list[float]](), list[int](), list[str](), list[tuple[str, str]]()
    files = [PictureFile(record.image, None) for record, _ in known]
    with ProgressLine("classifying", len(files)) as line:
        for (record, place), (_, result) in zip(known, classifier.classify_files(files), strict=True):
            if isinstance(result, str):
                line.note(f"skipped {shown(record.image)}: {result}")
                skipped.append((shown(record.image), result))
            else:
                chances.append(result)
                truth.append(place)
                groups.append(f"group {record.group}" if record.group else f"picture {shown(record.image)}")
            line.update(len(chances) + len(skipped))
    if not chances:
        raise EncoderError("no picture with one of the labels can be read; name a source of labelled pictures")
    import numpy as np

    figures = accuracy(np.array(chances), truth, classifier.labels, groups)
    if as_json:
        reasons = [{"picture": name, "reason": reason} for name, reason in skipped]
        about = {
            "model": str(encoder.bundle.path),
            "templates": list(templates),
            "label_names": list(classifier.labels),
        }
        print_json({**about, **figures.as_dict(), "not_among_labels": other.total(), "skipped": reasons})
    else:
        _show(figures)


def _show(found: Accuracy) -> None:
    values = {**{f"top-{k}": share for k, share in found.top.items()}, "mean of labels": found.mean_of_labels}
    rows = [[name, f"{value:.3f}", "{:.3f}-{:.3f}".format(*found.intervals[name])] for name, value in values.items()]
    titles = [f"accuracy, {count(found.pictures, 'picture')}, {count(len(found.labels), 'label')}", "share", "95 %"]
    print_table(titles, rows, right=titles[1:])
    most = SHOWN if is_terminal(sys.stdout) else len(found.labels)
    tops = [f"top-{k}" for k in found.top]
    cells = [
        [
            one.label,
            f"{one.pictures:,}",
            *(f"{one.top[k]:.3f}" for k in found.top),
            "" if one.precision is None else f"{one.precision:.3f}",
        ]
        for one in found.labels[:most]
    ]
    data("")
    print_table(["label, worst first", "pictures", *tops, "precision"], cells, right=["pictures", *tops, "precision"])
    if len(found.labels) > most:
        data(f"and {len(found.labels) - most:,} more; --json has all")
    if found.confusions:
        data("")
        wrong = [
            [one.label, one.taken_for, f"{one.pictures:,}", f"{one.share:.1%}"] for one in found.confusions[:SHOWN]
        ]
        print_table(["label", "taken for", "pictures", "of its own"], wrong, right=["pictures", "of its own"])
