"""``clipseek data``: check image-caption pairs before training on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .groups import Group
from .opening import open_model, prepare_torch
from .options import ReadOptions, json_option, pair_options
from .output import count, note, print_json, print_table
from .progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.sources import Source
    from clipseek.training.data.mismatched import Doubts
    from clipseek.training.data.survey import CountTokens, Survey

LISTED = 10  # files and captions that are named


@click.group("data", cls=Group)
def data_group() -> None:
    """Check image-caption pairs before training on them."""


@data_group.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--model", metavar="MODEL", help="Checkpoint or bundle whose tokenizer counts the tokens of captions.")
@pair_options
@click.option("--mismatches", is_flag=True, help="List pairs that hardly match each other, as --model embeds them.")
@json_option
def check(source: Path, model: str | None, mismatches: bool, as_json: bool, reading: ReadOptions) -> None:
    """Read every pair of SOURCE and report sizes, unreadable files, duplicates, captions and their lengths.

    Files of equal bytes count as one picture; near-duplicates are listed too. Only captions of readable pictures count:
    training uses no others.
    """
    from clipseek.sources import Source
    from clipseek.training.data.survey import survey, token_lengths

    if mismatches and model is None:
        raise click.UsageError("--mismatches needs a model that embeds the pairs; name one with --model")
    counter = _token_counter(model) if model is not None else None
    entries = Source(source, **dataclasses.asdict(reading))
    with ProgressLine(f"reading {source}") as line:
        found = survey(entries, line.update)
    value = found.as_dict()
    if counter is not None:
        value["lengths"] = token_lengths(found.captions, *counter)
    if mismatches and model is not None and found.captions:
        value["mismatched"] = {"model": model, **_doubts(found, entries, model).as_dict()}
    if as_json:
        print_json({"source": str(source), **value})
    else:
        _show(found, value)
    if not found.captions:
        from clipseek.training.errors import UnusableData

        raise UnusableData(f"{source} has no readable picture with a caption; there is nothing to train on")


def _token_counter(name: str) -> tuple[CountTokens, int]:
    from clipseek.export.models import is_bundle, token_counter

    if not is_bundle(name):
        prepare_torch("a checkpoint")
    return token_counter(name)


def _doubts(found: Survey, source: Source, name: str) -> Doubts:
    from clipseek.training.data.mismatched import doubted_pairs
    from clipseek.training.data.pairs import load_pairs

    model = open_model(name)
    with ProgressLine(f"encoding {source.path}") as line:
        pairs = load_pairs(source.records(), model.image, lambda done, of: line.update(done))
        return doubted_pairs(found, pairs, *model.embed(pairs))


def _show(found: Survey, value: dict[str, Any]) -> None:
    """The report for a person: a table of figures on stdout, examples of what is wrong on stderr."""
    twins, alike, repeated = value["duplicate_pictures"], value["near_duplicates"], found.duplicate_captions()
    rows = [
        ["files named", f"{value['files']:,}", f"in {count(value['records'], 'record')}"],
        ["readable", f"{value['readable']:,}", f"{value['bytes'] / 1e6:,.1f} MB"],
        ["unreadable", f"{len(found.unreadable):,}", ""],
        ["different pictures", f"{value['distinct_pictures']:,}", f"{count(len(twins), 'set')} of equal files"],
        ["sets that look alike", f"{len(alike):,}", f"{sum(map(len, alike)):,} pictures, nearly the same"],
        ["captions", f"{value['captions']:,}", f"{value['distinct_captions']:,} different"],
        ["captions on several pictures", f"{len(repeated):,}", "right for each other's pictures"],
        ["groups", f"{value['groups']:,}", ""],
    ]
    if found.other:
        rows.insert(3, ["files that are no pictures", f"{len(found.other):,}", ""])
    for name, pictures in value["captions_per_picture"].items():
        rows.append([f"pictures with {count(int(name), 'caption')}", f"{pictures:,}", ""])
    for name in ("width", "height"):
        if value[name]:
            rows.append([f"{name} in pixels, median", f"{value[name]['median']:,.0f}", _range(value[name])])
    if lengths := value.get("lengths"):
        if lengths["tokens"]:
            rows.append(
                ["tokens in a caption, median", f"{lengths['tokens']['median']:,.0f}", _range(lengths["tokens"])]
            )
        rows.append(["captions that are cut", f"{lengths['cut']:,}", f"the model reads {lengths['context']} tokens"])
    doubted = value.get("mismatched")
    if doubted is not None:
        share = f"over a tenth of all others fit as well; of wrong pairs it would notice {doubted['noticed']:.0%}"
        rows.append(["pairs that the model doubts", f"{len(doubted['doubted']):,}", share])
    print_table(["what", "number", "of which"], rows, right=["number"])
    _list("unreadable", [f"{name}: {reason}" for name, reason in found.unreadable])
    _list("equal files", [" = ".join(names[:4]) + (" = …" if len(names) > 4 else "") for names in twins])
    _list("nearly the same picture", [" ~ ".join(names[:4]) + (" ~ …" if len(names) > 4 else "") for names in alike])
    if doubted is not None:
        lines = [f"{row['doubt']:.0%} fit as well: {row['file']}: {row['caption'][:100]}" for row in doubted["doubted"]]
        _list("likely mismatched", lines)
    _list("one caption, several pictures", [f"{number:,} x {text[:100]}" for text, number in repeated])


def _range(spread: dict[str, float]) -> str:
    return f"{spread['least']:,.0f} to {spread['greatest']:,.0f}, 95 % at most {spread['95 %']:,.0f}"


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        note(f"{title}:")
    for line in lines[:LISTED]:
        note("  " + " ".join(line.split()))
    if len(lines) > LISTED:
        note(f"  … and {len(lines) - LISTED:,} more")
