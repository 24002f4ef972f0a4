"""``clipseek bundle``: what a bundle is, and whether it still is what was exported."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .groups import Group
from .output import data, note, print_json, print_table

if TYPE_CHECKING:
    from clipseek.export.verdict import Verdict


@click.group(cls=Group)
def bundle() -> None:
    """Look into a bundle, and check it."""


@bundle.command()
@click.argument("path", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole passport as JSON.")
def inspect(path: Path, as_json: bool) -> None:
    """Say what BUNDLE is: where it comes from, sizes, precision, parity with its checkpoint, gates, hashes."""
    from clipseek.encoder import Bundle

    found = Bundle.load(path)
    if as_json:
        print_json(found.passport)
    else:
        print_table(["what", "value"], [[name, value] for name, value in _facts(found.passport)])


@bundle.command()
@click.argument("path", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option("--against", metavar="CHECKPOINT", help="Compare vectors with this checkpoint's again (needs torch).")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def verify(path: Path, against: str | None, as_json: bool) -> None:
    """Check BUNDLE: its files are those that were exported, and its towers load and give unit vectors.

    With --against also that these are the checkpoint's vectors, as export-onnx compares them; an int8 bundle must be as
    near to it as it was when it was written. Exit code 1 and one line where anything is not so.
    """
    if against and (importlib.util.find_spec("torch") is None or importlib.util.find_spec("optimum") is None):
        raise click.ClickException(
            "--against needs torch and optimum, which are not installed; try: pip install 'clipseek[train]'"
        )
    from clipseek.encoder import Bundle, ClipEncoder

    found = Bundle.load(path, verify=True)
    note(f"{len(found.passport['files'])} files are those that were exported")
    ClipEncoder(found, device="auto" if found.precision == "bf16" else "cpu").warm_up()
    note(f"both towers load and give {found.dimension} numbers")
    parity: dict[str, Any] | None = None
    if against:
        from clipseek.export.verify import verify_against

        parity = verify_against(found, against)
        note(
            f"vectors are those of {against}: pictures differ by {parity['image_max_abs']:.1e} (cosine "
            f"{parity['image_min_cosine']:.6f}), texts by {parity['text_max_abs']:.1e} ({parity['text_min_cosine']:.6f})"
        )
    if as_json:
        print_json({"bundle": str(path), "fingerprint": found.fingerprint, "against": against, "parity": parity})
    else:
        data(found.fingerprint)


@bundle.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--image-tower", type=click.Path(path_type=Path), metavar="FILE", help="Where FOLDER has several.")
@click.option("--text-tower", type=click.Path(path_type=Path), metavar="FILE", help="Where FOLDER has several.")
@click.option(
    "--logit-scale", default=100.0, show_default=True, type=click.FloatRange(0, min_open=True), help="For classify."
)
@click.option("--force", is_flag=True, help="Replace the bundle at OUT.")
def import_(folder: Path, out: Path, **options: Any) -> None:
    """Make a bundle of ONNX towers that were exported elsewhere.

    FOLDER holds a picture tower and a text tower (.onnx, in folders of their own if need be), preprocessor_config.json and
    tokenizer.json. Their inputs and outputs are named as ours; vectors must not depend on what else is in a batch.
    """
    if importlib.util.find_spec("onnx") is None or importlib.util.find_spec("torch") is None:
        raise click.ClickException(
            "import needs onnx and torch, which are not installed; pip install 'clipseek[train]'"
        )
    from clipseek.export.imported.importer import import_bundle

    made = import_bundle(folder, out, on_step=note, **options)
    alike = made.passport["alike"]
    note(f"batch invariance: lowest cosine between encoding alone and in a batch: {_alike(alike)}")
    note(f"bundle at {out}: {made.dimension} numbers, {made.precision}; next: clipseek ingest SOURCE --model {out}")
    data(made.fingerprint)


def _facts(passport: dict[str, Any]) -> Iterator[tuple[str, str]]:
    from clipseek.export.verdict import Verdict

    image, text, origin = passport["image"], passport["text"], passport["provenance"]
    yield "fingerprint", passport["fingerprint"]
    for name in ("checkpoint", "imported_from", "base", "data", "steps", "opset"):
        if origin.get(name) is not None:
            yield name.replace("_", " "), str(origin[name])
    if "made_with" in origin:
        yield "made with", ", ".join(f"{name} {version}" for name, version in origin["made_with"].items())
    yield "vectors", f"{passport['dimension']} numbers, logit scale {passport['logit_scale']:.2f}"
    yield "pictures", f"{image['size']} px, {image['interpolation']}, transparency on {tuple(image['background'])}"
    yield "texts", f"{text['context_length']} tokens"
    yield "precision", f"{passport['precision']}, weights stored as {passport.get('storage', 'fp32')}"
    if alike := passport.get("alike"):
        yield "batch invariance", f"lowest cosine between alone and in a batch: {_alike(alike)}"
    parity = passport.get("parity") or {}
    if parity:
        yield (
            "parity",
            f"{_apart(parity)}; allowed {parity['limits']['max_abs']:g} and {parity['limits']['min_cosine']}; "
            f"{parity['pictures']} pictures, {parity['texts']} texts ({parity['samples']})",
        )
    for name, what in (
        ("rounding", "of rounding to fp16"),
        ("reduction", f"of {passport['precision']}, vectors to those of fp32"),
    ):
        if name in parity:
            yield f"cost {what}", _apart(parity[name])
    for values in passport.get("gates", []):
        yield from _gate(Verdict.from_dict(values))
    for name, size in passport.get("sizes", {}).items():
        yield name, f"{size / 1e6:.1f} MB, SHA-256 {passport['files'][name]}"
    for name, extra in passport.get("extras", {}).items():
        yield name, f"{extra['size'] / 1e6:.1f} MB, SHA-256 {extra['sha256']}"


def _gate(verdict: Verdict) -> Iterator[tuple[str, str]]:
    outcome = "passed" if verdict.passed else "not passed" + ", loss accepted" * bool(verdict.accepted_loss)
    yield f"gate of {verdict.precision}", f"{outcome}: {verdict.gate} ({verdict.source})"
    if verdict.judged_on is not None:
        yield "  judged on", verdict.judged_on
    for name, before, after in verdict.ranking():
        yield f"  {name}", f"{before:.4f} -> {after:.4f}"
    if verdict.min_cosine is not None:
        yield (
            "  lowest cosine to fp32",
            f"pictures {verdict.image_min_cosine:.4f}, texts {verdict.text_min_cosine:.4f}; allowed {verdict.min_cosine}",
        )
    yield "  towers", verdict.megabytes()


def _alike(cosines: dict[str, float]) -> str:
    return f"{cosines['pictures']:.6f} for pictures, {cosines['texts']:.6f} for texts"


def _apart(figures: dict[str, Any]) -> str:
    return (
        f"pictures {figures['image_max_abs']:.1e} (cosine {figures['image_min_cosine']:.7f}), "
        f"texts {figures['text_max_abs']:.1e} ({figures['text_min_cosine']:.7f})"
    )
