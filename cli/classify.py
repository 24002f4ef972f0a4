"""``clipseek classify``: labels for pictures, without training."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .opening import open_encoder
from .options import DeviceOptions, device_options, json_option
from .output import count, data, is_terminal, note, print_json, print_table
from .progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.encoder.run.zero_shot import ZeroShot

COLUMNS = 6  # with more labels, a terminal shows each picture's best ones
BEST = 3


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--labels", metavar="A,B,C", help="The labels, with commas between.")
@click.option("--labels-file", type=click.Path(path_type=Path), metavar="F", help="The labels, one a line.")
@click.option("--model", required=True, envvar="CLIPSEEK_MODEL", metavar="BUNDLE", help="Bundle folder.")
@click.option(
    "--template",
    "templates",
    multiple=True,
    default=["a photo of {}"],
    show_default=True,
    metavar="T",
    help="Text around a label. Repeatable: the texts' vectors are averaged.",
)
@device_options
@json_option
def classify(pictures: tuple[Path, ...], as_json: bool, device: DeviceOptions, **options: Any) -> None:
    """Say how likely each of some labels is for PICTURES (files, or folders with all below), by the words alone.

    The probabilities of a picture sum to 1 over the labels given: they compare these labels and nothing else, so one of
    them wins even where none is right. In a pipe the table is lines with tabs between, the first of them the names.
    """
    labels = _labels(options["labels"], options["labels_file"])
    if bad := [template for template in options["templates"] if "{}" not in template]:
        raise click.UsageError(f"--template {bad[0]!r} has no place for the label; write {{}} where it goes")
    from clipseek.encoder import Bundle
    from clipseek.encoder.run.zero_shot import ZeroShot

    encoder = open_encoder(Bundle.load(options["model"]), device)
    paths = list(_files(pictures))
    classifier = ZeroShot(encoder, labels, options["templates"])
    if cut := encoder.count_cut(classifier.texts):
        note(f"{count(cut, 'text')} longer than the {encoder.bundle.text.context_length} tokens the model reads: cut")
    rows, skipped = _classified(classifier, encoder, paths)
    if not rows:
        from clipseek.encoder import EncoderError

        raise EncoderError(
            f"none of {count(len(paths), 'picture')} can be read; name picture files, or folders of them"
        )
    if as_json:
        print_json(
            {
                "model": options["model"],
                "labels": list(classifier.labels),
                "templates": list(options["templates"]),
                "pictures": [_entry(name, classifier.labels, chances) for name, chances in rows],
                "skipped": [{"picture": name, "reason": reason} for name, reason in skipped],
            }
        )
    elif is_terminal(sys.stdout):
        _draw(classifier.labels, rows)
    else:
        data("\t".join(["picture", "label", *classifier.labels]))
        for name, chances in rows:
            best = classifier.labels[chances.index(max(chances))]
            data("\t".join([" ".join(name.split()), best, *(f"{chance:.6f}" for chance in chances)]))


def _labels(given: str | None, file: Path | None) -> list[str]:
    """Labels of the command line or of a file, without empty ones."""
    if (given is None) == (file is None):
        raise click.UsageError("give the labels with --labels A,B,C or with --labels-file F, one of the two")
    if file is None:
        assert given is not None
        parts = given.split(",")
    else:
        try:
            parts = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as problem:
            reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
            raise click.UsageError(
                f"--labels-file {file} cannot be read ({reason}); name a text file, a label a line"
            ) from None
    labels = [" ".join(part.split()) for part in parts if part.strip()]
    if len(labels) < 2:
        raise click.UsageError(f"{count(len(labels), 'label')} given, expected at least two: they are compared")
    return labels


def _files(given: Sequence[Path]) -> Iterator[Path]:
    """The files named, and the pictures (by their suffix) of the folders named."""
    from clipseek.sources import IMAGE_SUFFIXES, iter_files

    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = [file for file in iter_files(path) if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file()]
        if not found:
            note(f"{path} holds no picture")
        yield from found


def _classified(
    classifier: ZeroShot, encoder: Any, paths: Sequence[Path]
) -> tuple[list[tuple[str, list[float]]], list[tuple[str, str]]]:
    """(picture, a probability for each label), and (file, reason) of what was skipped, named on stderr."""
    from clipseek.encoder.run.files import read_pictures
    from clipseek.sources import shown

    rows: list[tuple[str, list[float]]] = []
    skipped: list[tuple[str, str]] = []
    with ProgressLine("classifying", len(paths)) as line:
        for window in read_pictures(encoder, paths):
            skipped_here = [(shown(path), found) for path, found in window if isinstance(found, str)]
            for name, reason in skipped_here:
                line.note(f"skipped {name}: {reason}")
            skipped += skipped_here
            read = [(shown(path), found) for path, found in window if not isinstance(found, str)]
            chances = classifier.probabilities([picture for _, picture in read]).tolist()
            rows += [(name, row) for (name, _), row in zip(read, chances, strict=True)]
            line.update(len(rows) + len(skipped))
    return rows, skipped


def _entry(name: str, labels: Sequence[str], chances: list[float]) -> dict[str, Any]:
    return {
        "picture": name,
        "label": labels[chances.index(max(chances))],
        "probabilities": dict(zip(labels, chances, strict=True)),
    }


def _draw(labels: Sequence[str], rows: Sequence[tuple[str, list[float]]]) -> None:
    """A column for each label, or the best ones where there are many."""
    if len(labels) <= COLUMNS:
        cells = [[name, *(f"{chance:.1%}" for chance in chances)] for name, chances in rows]
        print_table(["picture", *labels], cells, right=labels)
        return
    cells = []
    for name, chances in rows:
        best = sorted(zip(chances, labels, strict=True), key=lambda pair: -pair[0])[:BEST]
        cells.append([name, ", ".join(f"{label} {chance:.1%}" for chance, label in best)])
    print_table(["picture", "likeliest labels"], cells)
