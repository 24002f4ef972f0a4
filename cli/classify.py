"""``clipseek classify``: labels for pictures, without training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .classify_truth import classify_with_truth, read_labelled
from .opening import open_encoder
from .options.common import DeviceOptions, device_options, json_option, split_names
from .options.paths import FilePath
from .options.query_pictures import read_picture_file
from .terminal.output import count, data, is_terminal, note, print_json, print_table, tabbed
from .terminal.progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.encoder.pictures.crop import PictureFile

COLUMNS = 6  # with more labels, a terminal shows each picture's best ones
BEST = 3


@click.command()
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURES...")
@click.option("--labels", metavar="A,B,C", help="Labels, separated by commas.")
@click.option("--labels-file", type=FilePath(path_type=Path), metavar="FILE", help="Text file with one label per line.")
@click.option("--model", required=True, envvar="CLIPSEEK_MODEL", metavar="BUNDLE", help="Bundle folder.")
@click.option(
    "--template",
    "templates",
    multiple=True,
    default=["a photo of {}"],
    show_default=True,
    metavar="TEXT",
    help="Prompt with {} for the label. Repeatable: a label's embeddings are averaged.",
)
@click.option(
    "--truth",
    metavar="COLUMN",
    help="Accuracy on one source of labelled pictures (as SOURCE of evaluate): the column with each picture's label; caption, "
    "group and folder (the name of its folder) are columns too. Without labels, those of the column.",
)
@click.option("--split", metavar="NAME[,NAME]", help="With --truth, splits to read.  [default: test, else validation]")
@device_options
@json_option
def classify(
    pictures: tuple[str, ...],
    labels: str | None,
    labels_file: Path | None,
    model: str,
    templates: tuple[str, ...],
    truth: str | None,
    split: str | None,
    device: DeviceOptions,
    as_json: bool,
) -> None:
    """Zero-shot classification of PICTURES (files, or folders with everything below): a probability for each label.

    A picture's probabilities sum to 1 over the given labels: they compare these labels only, so one of them wins even if
    none fits. In a pipe the output is tab-separated, with a header line. FILE#x,y,w,h is a part of a picture, in pixels or per
    cent.

    With --truth: top-1 and top-5 accuracy with 95 % intervals, the labels from the worst on, and which are taken for which.
    """
    if split is not None and truth is None:
        raise click.UsageError("--split goes with --truth, which reads a source")
    names = None if truth and labels is None and labels_file is None else read_labels(labels, labels_file)
    if bad := [template for template in templates if "{}" not in template]:
        raise click.UsageError(f"--template {bad[0]!r} has no place for the label; write {{}} where it goes")
    from clipseek.encoder import Bundle, EncoderError
    from clipseek.encoder.run.zero_shot import ZeroShot

    if truth is not None:
        if len(pictures) != 1:
            raise click.UsageError(f"--truth reads one source, not {len(pictures)}; name one manifest or folder")
        found = read_labelled(Path(pictures[0]), truth, split_names(split))
        classify_with_truth(open_encoder(Bundle.load(model), device), found, names, templates, as_json)
        return
    assert names is not None
    files = all_files(pictures)
    encoder = open_encoder(Bundle.load(model), device)
    classifier = ZeroShot(encoder, names, templates)
    if cut := encoder.count_cut(classifier.texts):
        note(f"{count(cut, 'text')} longer than the {encoder.bundle.text.context_length} tokens the model reads: cut")
    rows: list[tuple[str, dict[str, float]]] = []
    skipped: list[tuple[str, str]] = []
    with ProgressLine("classifying", len(files)) as line:
        for file, result in classifier.classify_files(files):
            if isinstance(result, str):
                line.note(f"skipped {name_of(file)}: {result}")
                skipped.append((name_of(file), result))
            else:
                rows.append((name_of(file), dict(zip(classifier.labels, result, strict=True))))
            line.update(len(rows) + len(skipped))
    if not rows:
        raise EncoderError(
            f"none of {count(len(files), 'picture')} can be read; name picture files, or folders of them"
        )
    if as_json:
        facts = {"model": model, "labels": list(classifier.labels), "templates": list(templates)}
        entries = [{"picture": name, "label": likeliest(chances), "probabilities": chances} for name, chances in rows]
        reasons = [{"picture": name, "reason": reason} for name, reason in skipped]
        print_json({**facts, "pictures": entries, "skipped": reasons})
    else:
        show(classifier.labels, rows)


def all_files(given: Sequence[str]) -> list[PictureFile]:
    """Every picture file of the command line, and of the folders there."""
    from clipseek.encoder.pictures.crop import PictureFile
    from clipseek.sources import picture_files

    files: list[PictureFile] = []
    for file in map(read_picture_file, given):
        found = [PictureFile(path, file.crop) for path in picture_files(file.path)]
        files += found
        if not found:
            note(f"{file.path} holds no picture")
    return files


def name_of(file: PictureFile) -> str:
    """As it was typed, on one line."""
    from clipseek.sources import shown

    return shown(file.path) + ("" if file.crop is None else f"#{file.crop}")


def read_labels(given: str | None, file: Path | None) -> list[str]:
    """Labels of the command line or of a file, without empty ones."""
    if (given is None) == (file is None):
        raise click.UsageError("give the labels with --labels A,B,C or with --labels-file F, not both")
    if file is None:
        parts = (given or "").split(",")
    else:
        try:
            parts = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as problem:
            reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
            raise click.UsageError(
                f"--labels-file {file} cannot be read ({reason}); name a text file with one label per line"
            ) from None
    labels = [" ".join(part.split()) for part in parts if part.strip()]
    if len(labels) < 2:
        raise click.UsageError(f"{count(len(labels), 'label')} given, expected at least two: they are compared")
    return labels


def likeliest(chances: dict[str, float]) -> str:
    return max(chances, key=chances.__getitem__)


def show(labels: Sequence[str], rows: Sequence[tuple[str, dict[str, float]]]) -> None:
    """A table in a terminal, with the best labels alone where there are many; lines with tabs between in a pipe."""
    if not is_terminal(sys.stdout):
        data(tabbed("picture", "label", *labels))
        for name, chances in rows:
            shares = (f"{chance:.6f}" for chance in chances.values())
            data(tabbed(" ".join(name.split()), likeliest(chances), *shares))
    elif len(labels) <= COLUMNS:
        cells = [[name, *(f"{chance:.1%}" for chance in chances.values())] for name, chances in rows]
        print_table(["picture", *labels], cells, right=labels)
    else:
        cells = []
        for name, chances in rows:
            best = sorted(chances.items(), key=lambda pair: -pair[1])[:BEST]
            cells.append([name, ", ".join(f"{label} {chance:.1%}" for label, chance in best)])
        print_table(["picture", "likeliest labels"], cells)
