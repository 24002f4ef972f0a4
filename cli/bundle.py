"""``clipseek bundle``: what a bundle is, whether it still is what was exported, and copies that read pictures in another way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from .groups import Group
from .opening import prepare_torch, say_unlisted
from .options.common import json_option
from .options.paths import FilePath
from .options.pictures import chosen_rules, reading_options
from .terminal.output import data, for_reader, note, print_json, print_table
from .terminal.passport import batch_invariance, facts

FILE = FilePath(path_type=Path)


@click.group(cls=Group)
def bundle() -> None:
    """Inspect, verify, import, change and trust ONNX bundles."""


@bundle.command()
@click.argument("path", metavar="BUNDLE", type=FILE)
@json_option
def inspect(path: Path, as_json: bool) -> None:
    """Show BUNDLE's passport: origin, sizes, precision, parity with its checkpoint, gates, hashes."""
    from clipseek.encoder import Bundle

    loaded = Bundle.load(path)
    say_unlisted(loaded)
    if as_json:
        print_json(loaded.passport)
    else:
        print_table(["what", "value"], [[name, value] for name, value in facts(loaded.passport)])


@bundle.command()
@click.argument("path", metavar="BUNDLE", type=FILE)
@click.option("--against", metavar="CHECKPOINT", help="Compare the vectors with this checkpoint's again; needs torch.")
@json_option
def verify(path: Path, against: str | None, as_json: bool) -> None:
    """Check the hashes of BUNDLE's files, and that both towers load and give unit vectors.

    With --against, also compare its vectors with the checkpoint's, as export-onnx does; an int8 bundle must be as close to it
    as when it was written. Exit code 1 and one line if a check fails.
    """
    if against:
        prepare_torch("--against", "optimum")
    from clipseek.encoder import Bundle, ClipEncoder

    loaded = Bundle.load(path, verify=True)
    say_unlisted(loaded)
    note(f"{len(loaded.passport['files'])} files have the hashes of the passport")
    ClipEncoder(loaded, device="auto" if loaded.precision == "bf16" else "cpu").warm_up()
    note(f"both towers load and give vectors of {loaded.dimension} dimensions")
    parity: dict[str, Any] | None = None
    if against:
        from clipseek.export.parity import verify_against

        parity = verify_against(loaded, against)
        note(
            f"vectors are those of {against}: pictures differ by {parity['image_max_abs']:.1e} (cosine "
            f"{parity['image_min_cosine']:.6f}), texts by {parity['text_max_abs']:.1e} ({parity['text_min_cosine']:.6f})"
        )
    if as_json:
        print_json({"bundle": str(path), "fingerprint": loaded.fingerprint, "against": against, "parity": parity})
    else:
        data(loaded.fingerprint)


@bundle.command()
@click.argument("path", metavar="BUNDLE", type=FILE)
@click.argument("out", type=FILE)
@reading_options
@click.option("--force", is_flag=True, help="Replace the bundle at OUT.")
def pictures(
    path: Path, out: Path, bands: tuple[int, ...] | None, frame: str | None, depth_range: str | None, force: bool
) -> None:
    """Make a copy of BUNDLE that reads pictures in another way.

    Index and searches read pictures as their bundle says, so a choice is made once, here. What is not given stays. The copy's
    vectors are others': an index of it is made anew. docs/reference/formats.md says what each choice does.
    """
    from clipseek.encoder import Bundle
    from clipseek.encoder.bundle.writer import copy_with_image

    chosen = chosen_rules(bands, frame, depth_range)
    if not chosen:
        raise click.UsageError("nothing is chosen; give --bands, --frame or --depth-range")
    loaded = Bundle.load(path, verify=True)
    made = copy_with_image(loaded, out, replace(loaded.image, **chosen), force=force)
    note(f"bundle at {out}; next: clipseek ingest SOURCE --model {out}")
    data(made.fingerprint)


@bundle.command()
@click.argument("folder", required=False, metavar="[FOLDER]", type=FILE)
@click.option("--remove", is_flag=True, help="Take FOLDER off the list.")
def trust(folder: Path | None, remove: bool) -> None:
    """Trust bundles in FOLDER though others can change them; without FOLDER, list the trusted folders.

    A search opens the bundle that its index names if only you and root can change it. FOLDER, with all below it, is opened then
    whoever it belongs to. A bundle that you name yourself (--model) needs no trust.
    """
    from clipseek.encoder.bundle import trust as trusting

    if folder is None:
        if remove:
            raise click.UsageError("--remove goes with a FOLDER")
        folders = trusting.trusted_folders()
    else:
        folders = trusting.trust(folder, trusted=not remove)
        note(f"list: {trusting.trust_list()}")
    for one in folders:
        data(for_reader(str(one)))


@bundle.command("import")
@click.argument("folder", type=FILE)
@click.argument("out", type=FILE)
@click.option("--image-tower", type=FILE, metavar="FILE", help="ONNX file of the image tower, if FOLDER has several.")
@click.option("--text-tower", type=FILE, metavar="FILE", help="ONNX file of the text tower, if FOLDER has several.")
@click.option(
    "--reference",
    metavar="CHECKPOINT",
    help="CLIP checkpoint (folder or hub id) whose vectors the towers must give.  [default: the one in FOLDER, if any]",
)
@click.option(
    "--logit-scale",
    type=click.FloatRange(0, min_open=True),
    help="Logit scale of the softmax in classify.  [default: that of the reference, else 100]",
)
@click.option("--force", is_flag=True, help="Replace the bundle at OUT.")
def import_(
    folder: Path,
    out: Path,
    image_tower: Path | None,
    text_tower: Path | None,
    reference: str | None,
    logit_scale: float | None,
    force: bool,
) -> None:
    """Make a bundle of ONNX towers that were exported elsewhere.

    FOLDER holds an image tower and a text tower (.onnx, in subfolders or not), preprocessor_config.json and tokenizer.json.
    Inputs and outputs are renamed. Pixels and tokens must be those that transformers makes by these files, and a vector must not
    depend on the rest of its batch; with a reference, vectors must be the reference's.
    """
    prepare_torch("import", "onnx", "transformers")
    from clipseek.export.imported.importer import import_bundle

    made = import_bundle(
        folder,
        out,
        image_tower=image_tower,
        text_tower=text_tower,
        logit_scale=logit_scale,
        reference=reference,
        force=force,
        on_step=note,
    )
    alike = made.passport["alike"]
    if not made.passport["parity"]:
        note("no checkpoint to compare the vectors with; name one with --reference")
    note(f"batch invariance: lowest cosine between encoding alone and in a batch: {batch_invariance(alike)}")
    note(f"bundle at {out}: {made.dimension} dimensions, {made.precision}; next: clipseek ingest SOURCE --model {out}")
    data(made.fingerprint)
