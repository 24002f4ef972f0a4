"""What a bundle's passport says, as text: all of it for ``bundle inspect``, the outcome of an export for ``export-onnx``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .output import note, plain_table

if TYPE_CHECKING:
    from clipseek.encoder import Bundle
    from clipseek.export.verdict import Verdict


def show_export(bundle: Bundle) -> None:
    """Parity, gates and sizes of a bundle that was just written, on stderr."""
    passport = bundle.passport
    parity = passport["parity"]
    note(f"largest difference: {_apart(parity)}")
    if "rounding" in parity:
        note(f"rounding to fp16 costs: {_apart(parity['rounding'])}")
    _show_gates(passport)
    megabytes = sum(passport["sizes"].values()) / 1e6
    note(
        f"{bundle.dimension} dimensions, {bundle.image.size} px, {bundle.text.context_length} tokens, {megabytes:.1f} MB"
    )


def facts(passport: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what, value) of everything in the passport."""
    from clipseek.export.verdict import Verdict

    image, text, origin = passport["image"], passport["text"], passport["provenance"]
    yield "fingerprint", passport["fingerprint"]
    for name in ("checkpoint", "imported_from", "base", "data", "steps", "opset"):
        if origin.get(name) is not None:
            yield name.replace("_", " "), str(origin[name])
    if "made_with" in origin:
        yield "made with", ", ".join(f"{name} {version}" for name, version in origin["made_with"].items())
    yield "vectors", f"{passport['dimension']} dimensions, logit scale {passport['logit_scale']:.2f}"
    yield "pictures", f"{image['size']} px, {image['interpolation']}, transparency on {tuple(image['background'])}"
    yield "texts", f"{text['context_length']} tokens"
    yield "precision", f"{passport['precision']}, weights stored as {passport.get('storage', 'fp32')}"
    if alike := passport.get("alike"):
        yield "batch invariance", f"lowest cosine between alone and in a batch: {batch_invariance(alike)}"
    parity = passport.get("parity") or {}
    if parity:
        limits = parity["limits"]
        allowed = f"{limits['max_abs']:g} and {limits['min_cosine']}" if "max_abs" in limits else limits["min_cosine"]
        against = f" with {parity['reference']}" if "reference" in parity else ""
        yield (
            f"parity{against}",
            f"{_apart(parity)}; allowed {allowed}; {parity['pictures']} pictures, {parity['texts']} texts ({parity['samples']})",
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


def batch_invariance(cosines: dict[str, float]) -> str:
    """The lowest cosine between vectors alone and in a batch, of each tower."""
    return f"{cosines['pictures']:.6f} for pictures, {cosines['texts']:.6f} for texts"


def _apart(figures: dict[str, Any]) -> str:
    return (
        f"pictures {figures['image_max_abs']:.1e} (cosine {figures['image_min_cosine']:.7f}), "
        f"texts {figures['text_max_abs']:.1e} ({figures['text_min_cosine']:.7f})"
    )


def _named(row: dict[str, Any]) -> str:
    return f"{row['precision']} {row['ranges']}" if row.get("ranges") == "static" else str(row["precision"])


def _show_gates(passport: dict[str, Any]) -> None:
    from clipseek.export.verdict import Verdict

    for verdict in passport.get("gates", []):
        accepted = ", its loss was accepted" if verdict.get("accepted_loss") else ""
        outcome = "passes" if verdict["passed"] else f"does not pass{accepted}"
        note(f"{_named(verdict)} {outcome}: {Verdict.from_dict(verdict).in_words()}")
    if "candidates" in passport:
        for line in plain_table(
            ["precision", "MB", "pictures/s", "texts/s", "query ms", "gate", "kept"],
            [
                [
                    _named(row),
                    f"{row['bytes'] / 1e6:.1f}",
                    f"{row['pictures_per_second']:,.0f}",
                    f"{row['texts_per_second']:,.0f}",
                    f"{row['query_ms']:.2f}",
                    "passes" if row["passed"] else "fails",
                    "yes" if row["kept"] else "",
                ]
                for row in passport["candidates"]
            ],
            right=["MB", "pictures/s", "texts/s", "query ms"],
        ):
            note(line)
