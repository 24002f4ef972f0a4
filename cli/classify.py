"""``clipseek classify``: labels for pictures, without training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from .opening import open_encoder
from .options import DeviceOptions, device_options, json_option
from .output import count, data, is_terminal, note, print_json, print_table
from .progress import ProgressLine

COLUMNS = 6  # with more labels, a terminal shows each picture's best ones
BEST = 3


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--labels", metavar="A,B,C", help="Labels, separated by commas.")
@click.option(
    "--labels-file", type=click.Path(path_type=Path), metavar="FILE", help="Text file with one label per line."
)
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
@device_options
@json_option
def classify(
    pictures: tuple[Path, ...],
    labels: str | None,
    labels_file: Path | None,
    model: str,
    templates: tuple[str, ...],
    device: DeviceOptions,
    as_json: bool,
) -> None:
    """Zero-shot classification of PICTURES (files, or folders with everything below): a probability for each label.

    A picture's probabilities sum to 1 over the given labels: they compare these labels only, so one of them wins even if
    none fits. In a pipe the output is tab-separated, with a header line.
    """
    names = read_labels(labels, labels_file)
    if bad := [template for template in templates if "{}" not in template]:
        raise click.UsageError(f"--template {bad[0]!r} has no place for the label; write {{}} where it goes")
    from clipseek.encoder import Bundle, EncoderError
    from clipseek.encoder.run.zero_shot import ZeroShot
    from clipseek.sources import picture_files, shown

    encoder = open_encoder(Bundle.load(model), device)
    paths: list[Path] = []
    for folder in pictures:
        files = list(picture_files(folder))
        paths += files
        if not files:
            note(f"{folder} holds no picture")
    classifier = ZeroShot(encoder, names, templates)
    if cut := encoder.count_cut(classifier.texts):
        note(f"{count(cut, 'text')} longer than the {encoder.bundle.text.context_length} tokens the model reads: cut")
    rows: list[tuple[str, dict[str, float]]] = []
    skipped: list[tuple[str, str]] = []
    with ProgressLine("classifying", len(paths)) as line:
        for path, result in classifier.classify_files(paths):
            if isinstance(result, str):
                line.note(f"skipped {shown(path)}: {result}")
                skipped.append((shown(path), result))
            else:
                rows.append((shown(path), dict(zip(classifier.labels, result, strict=True))))
            line.update(len(rows) + len(skipped))
    if not rows:
        raise EncoderError(
            f"none of {count(len(paths), 'picture')} can be read; name picture files, or folders of them"
        )
    if as_json:
        facts = {"model": model, "labels": list(classifier.labels), "templates": list(templates)}
        entries = [{"picture": name, "label": likeliest(chances), "probabilities": chances} for name, chances in rows]
        reasons = [{"picture": name, "reason": reason} for name, reason in skipped]
        print_json({**facts, "pictures": entries, "skipped": reasons})
    else:
        show(classifier.labels, rows)


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
        data("\t".join(["picture", "label", *labels]))
        for name, chances in rows:
            shares = (f"{chance:.6f}" for chance in chances.values())
            data("\t".join([" ".join(name.split()), likeliest(chances), *shares]))
    elif len(labels) <= COLUMNS:
        cells = [[name, *(f"{chance:.1%}" for chance in chances.values())] for name, chances in rows]
        print_table(["picture", *labels], cells, right=labels)
    else:
        cells = []
        for name, chances in rows:
            best = sorted(chances.items(), key=lambda pair: -pair[1])[:BEST]
            cells.append([name, ", ".join(f"{label} {chance:.1%}" for label, chance in best)])
        print_table(["picture", "likeliest labels"], cells)
