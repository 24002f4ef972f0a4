"""``clipseek data``: check image-caption pairs before training on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .data_overlap import against_options, compare, other_source, show_overlap
from .data_sheet import sheet_option, write_sheet
from .data_show import files_given, inspected, spec_of
from .groups import Group
from .opening import open_model, prepare_torch
from .options.common import html_option, json_option, pair_options
from .options.pictures import chosen_rules, reading_options
from .terminal.output import count, note, print_json, print_table
from .terminal.progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.encoder.pictures.crop import PictureFile
    from clipseek.sources import Source
    from clipseek.training.data.overlap import Overlap
    from clipseek.training.data.survey import Survey

LISTED = 10  # files and captions that are named


@click.group(cls=Group)
def data() -> None:
    """Check image-caption pairs, and look at pictures, before training on them."""


@data.command()
@pair_options
@click.option("--model", metavar="MODEL", help="Checkpoint or bundle whose tokenizer counts the tokens of captions.")
@click.option("--mismatches", is_flag=True, help="Encode all pairs with --model and list those that hardly match.")
@against_options
@sheet_option
@json_option
def check(
    source: Source,
    model: str | None,
    mismatches: bool,
    against: Path | None,
    against_split: str | None,
    sheet: Path | None,
    as_json: bool,
) -> None:
    """Read every pair of SOURCE and report sizes, unreadable files, duplicates, captions and their lengths.

    Files of equal bytes count as one picture; near-duplicates are listed too. Only captions of readable pictures count:
    training uses no others.

    Odd pictures are counted by what is odd about them, and drawn with --sheet: look at them before training.

    With --against, also what SOURCE shares with OTHER: files of equal bytes, pictures nearly the same, equal captions, groups.
    """
    from clipseek.export.models import is_bundle, token_counter
    from clipseek.training.data.survey import survey, token_lengths

    if mismatches and model is None:
        raise click.UsageError("--mismatches needs a model that embeds the pairs; name one with --model")
    if against_split is not None and against is None:
        raise click.UsageError("--against-split names splits of OTHER; name that with --against OTHER")
    other = None if against is None else other_source(source, against, against_split)
    if model is not None and not is_bundle(model):
        prepare_torch("a checkpoint")
    counter = token_counter(model) if model is not None else None
    source.check_splits()
    if other is not None:
        other.check()
    with ProgressLine(f"reading {source.path}") as line:
        chosen = source.chosen()
        surveyed = survey(chosen, line.update)
    if splits := chosen.line():
        note(splits)
    value = surveyed.as_dict()
    if counter is not None:
        value["lengths"] = token_lengths(surveyed.captions, *counter)
    if mismatches and model is not None and surveyed.captions:
        value["mismatched"] = {"model": model, **_doubts(surveyed, source, model)}
    found: Overlap | None = None
    if other is not None and surveyed.readable:
        found, value["against"] = compare(surveyed, other)
    if as_json:
        print_json({"source": str(source.path), "recognised": source.described(), "split": chosen.read, **value})
    else:
        note(f"{source.path}: {source.described()}")
        _show(surveyed, value)
        if found is not None and other is not None:
            show_overlap(found, source, other)
    if sheet is not None:
        write_sheet(surveyed, sheet)
    if not surveyed.captions:
        from clipseek.training.errors import UnusableData

        raise UnusableData(f"{source.path} has no readable picture with a caption; there is nothing to train on")


@data.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", callback=files_given)
@click.option(
    "--model", metavar="BUNDLE", help="Read pictures as this bundle does.  [default: 224 pixels, the usual choices]"
)
@html_option
@reading_options
@json_option
def show(
    files: tuple[PictureFile, ...],
    model: str | None,
    sheet: Path | None,
    bands: tuple[int, ...] | None,
    frame: str | None,
    depth_range: str | None,
    as_json: bool,
) -> None:
    """Draw each FILE as the model sees it, beside what decided that: format, depth, profile, bands, page.

    A folder stands for the pictures in it; FILE#x,y,w,h is a part, FILE#page=3 a page, frame or slice. The page is inspection.html
    in this folder, unless --html names another; with --json there are the facts alone, and a page only where it is named.
    """
    from clipseek.files.whole import write_whole
    from clipseek.sheets.inspection import inspection_sheet

    spec = spec_of(model, chosen_rules(bands, frame, depth_range))
    entries = list(inspected(files, spec))
    if as_json:
        print_json([{"file": entry.name, "read": entry.picture is not None, "facts": entry.facts} for entry in entries])
    if sheet is not None or not as_json:
        target = sheet or Path("inspection.html")
        rules = spec.rules
        bands_named = ",".join(map(str, rules.bands)) or "as the file says"
        how = f"{spec.size} pixels; depth range {rules.depth_range}, bands {bands_named}, frame {rules.frame}"
        write_whole(target, inspection_sheet(entries, how))
        note(f"{count(len(entries), 'file')} on {target}")
    if not as_json:
        print_table(["file", "what decided its pixels"], [[entry.name, "; ".join(entry.facts)] for entry in entries])


def _doubts(surveyed: Survey, source: Source, name: str) -> dict[str, Any]:
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.data.survey import doubted_pairs

    model = open_model(name)
    with ProgressLine(f"encoding {source.path}") as line:
        pairs = load_pairs(source.records(), model.image, lambda done, of: line.update(done))
        return doubted_pairs(surveyed, pairs, *model.embed(pairs))


def _show(surveyed: Survey, value: dict[str, Any]) -> None:
    """The report for a person: a table of figures on stdout, examples of what is wrong on stderr."""
    print_table(["what", "number", "of which"], [*_figures(surveyed, value)], right=["number"])
    _list("unreadable", [f"{name}: {reason}" for name, reason in surveyed.unreadable])
    _list("equal files", [_set(names, " = ") for names in value["duplicate_pictures"]])
    _list("near-duplicates", [_set(names, " ~ ") for names in value["near_duplicates"]])
    if doubted := value.get("mismatched", {}).get("doubted"):
        lines = [f"{row['doubt']:.0%} fit as well: {row['file']}: {row['caption'][:100]}" for row in doubted]
        _list("likely mismatched", lines)
    _list(
        "captions that say nothing",
        [f"{row['number']:,} x {row['caption']}: {row['why']}" for row in value["odd_captions"]],
    )
    _list(
        "one caption, several pictures",
        [f"{number:,} x {text[:100]}" for text, number in surveyed.duplicate_captions()],
    )


def _figures(surveyed: Survey, value: dict[str, Any]) -> Iterator[list[str]]:
    """Rows of the table."""
    equal, alike = value["duplicate_pictures"], value["near_duplicates"]
    yield ["files", f"{value['files']:,}", f"in {count(value['records'], 'record')}"]
    yield ["readable", f"{value['readable']:,}", f"{value['bytes'] / 1e6:,.1f} MB"]
    yield ["unreadable", f"{len(surveyed.unreadable):,}", ""]
    if surveyed.other:
        yield ["files that are no pictures", f"{len(surveyed.other):,}", ""]
    yield ["distinct pictures", f"{value['distinct_pictures']:,}", f"{count(len(equal), 'set')} of equal files"]
    if odd := surveyed.odd_kinds():
        yield ["odd pictures", f"{len(surveyed.odd):,}", "--sheet FILE draws them"]
        for kind, number in odd.items():
            yield [f"odd: {kind}", f"{number:,}", ""]
    yield ["sets of near-duplicates", f"{len(alike):,}", f"{sum(map(len, alike)):,} pictures"]
    yield ["captions", f"{value['captions']:,}", f"{value['distinct_captions']:,} distinct"]
    if value["captions_lost"]:
        yield ["captions lost", f"{value['captions_lost']:,}", "with files that are no pictures"]
    if odd := value["odd_captions"]:
        yield ["captions that say nothing", f"{sum(row['number'] for row in odd):,}", "nan, None, names of files"]
    yield ["captions of several pictures", f"{len(surveyed.duplicate_captions()):,}", "match each other's pictures"]
    yield ["groups", f"{value['groups']:,}", ""]
    for number, pictures in value["captions_per_picture"].items():
        yield [f"pictures with {count(int(number), 'caption')}", f"{pictures:,}", ""]
    for name in ("width", "height"):
        if value[name]:
            yield [f"{name} in pixels, median", f"{value[name]['median']:,.0f}", _range(value[name])]
    if lengths := value.get("lengths"):
        if tokens := lengths["tokens"]:
            yield ["tokens in a caption, median", f"{tokens['median']:,.0f}", _range(tokens)]
        yield ["truncated captions", f"{lengths['cut']:,}", f"the model reads {lengths['context']} tokens"]
    if doubts := value.get("mismatched"):
        share = f"more than a tenth of other pairs fit as well; detects {doubts['noticed']:.0%} of wrong pairs"
        yield ["likely mismatched pairs", f"{len(doubts['doubted']):,}", share]


def _set(names: Sequence[str], sign: str) -> str:
    return sign.join([*names[:4], *(["…"] if len(names) > 4 else [])])


def _range(spread: dict[str, float]) -> str:
    return f"{spread['least']:,.0f} to {spread['greatest']:,.0f}, 95 % at most {spread['95 %']:,.0f}"


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        note(f"{title}:")
    for line in lines[:LISTED]:
        note("  " + " ".join(line.split()))
    if len(lines) > LISTED:
        note(f"  … and {len(lines) - LISTED:,} more")
