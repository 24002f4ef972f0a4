"""Which precision a bundle is written in: the one that was named, if it passes its gate, or the fastest of those that pass."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clipseek.encoder import Bundle
from clipseek.encoder.bundle.bundle import weights_file
from clipseek.encoder.bundle.writer import write_passport

from .errors import ExportRefused
from .gate import Judge, device_for, judged_device, tower_bytes
from .graph.fp16_emulated import emulate_compute_dtype
from .parity import BATCH_SIZES, difference, from_bundle, worst
from .precision import FP16, Precision, variant_facts
from .speed import measure
from .towers import IMAGE, TEXT
from .verdict import Verdict


def select_precision(
    folders: Sequence[Path],
    facts: dict[str, Any],
    precision: Precision,
    judge: Judge,
    *,
    accept_loss: bool,
    on_step: Callable[[str], None],
) -> dict[str, Any]:
    """Judge the variants in ``folders`` against ``judge.full`` and leave the towers of the selected one in that bundle's folder.

    Returns its passport's facts. Raises ExportRefused when the precision that was named does not pass, unless ``accept_loss``.
    """
    bundles: list[Bundle] = []
    verdicts: list[Verdict] = []
    for folder in folders:
        on_step(f"comparing {folder.name} with fp32")
        bundle, verdict = _judged(folder, facts, judge)
        bundles.append(bundle)
        verdicts.append(verdict)
    facts = {**facts}
    selected: Bundle | None = bundles[0]
    if precision == "auto":
        on_step(f"measuring fp32, {', '.join(folder.name for folder in folders)} on this machine")
        facts["candidates"] = speed_table([judge.full, *bundles], [True, *(verdict.passed for verdict in verdicts)])
        row = next(number for number, row in enumerate(facts["candidates"]) if row["kept"])
        selected = bundles[row - 1] if row else None
    else:
        verdicts = [_accepted(verdict, accept_loss) for verdict in verdicts]
    facts["gates"] = [verdict.as_dict() for verdict in verdicts]
    if selected is not None:
        facts |= variant_facts(selected.path.name)
        facts["parity"] = {**facts["parity"], "reduction": _cost(selected, judge)}
        _replace_towers(judge.full.path, selected.path)
    for folder in folders:
        shutil.rmtree(folder)
    return facts


def speed_table(bundles: Sequence[Bundle], passes: Sequence[bool]) -> list[dict[str, Any]]:
    """One row for each bundle with its speed here; the fastest that ``passes`` is ``kept``."""
    speeds = measure(bundles)
    fastest = min(
        (number for number, passed in enumerate(passes) if passed), key=lambda number: speeds[number].seconds()
    )
    return [
        {
            "precision": bundle.precision,
            "ranges": bundle.passport.get("ranges"),
            "bytes": tower_bytes(bundle),
            **speeds[number].as_dict(),
            "passed": passes[number],
            "kept": number == fastest,
        }
        for number, bundle in enumerate(bundles)
    ]


def _judged(folder: Path, facts: dict[str, Any], judge: Judge) -> tuple[Bundle, Verdict]:
    own = variant_facts(folder.name)
    write_passport(folder, {**facts, **own})
    bundle = Bundle.load(folder)
    emulated = _emulated(bundle, facts) if folder.name == FP16 and judged_device(bundle) == "cpu" else None
    verdict = judge.verdict(bundle, emulated)
    return bundle, replace(verdict, ranges=own.get("ranges"), storage=own.get("storage"))


def _emulated(bundle: Bundle, facts: dict[str, Any]) -> Bundle:
    """A bundle that computes on this CPU what the fp16 ``bundle`` would on a GPU, in a folder inside its own."""
    folder = bundle.path / "rounded"
    folder.mkdir()
    for tower in (IMAGE, TEXT):
        emulate_compute_dtype(bundle.path / tower, folder / tower, "fp16")
    shutil.copyfile(bundle.path / "tokenizer.json", folder / "tokenizer.json")
    write_passport(folder, facts)
    return Bundle.load(folder)


def _accepted(verdict: Verdict, accept_loss: bool) -> Verdict:
    if not verdict.passed and not accept_loss:
        raise ExportRefused(
            f"{verdict.precision} does not pass its gate: {verdict.in_words()}; nothing was written; "
            "use --precision fp32, or take the loss with --accept-loss"
        )
    return replace(verdict, accepted_loss=not verdict.passed)


def _cost(selected: Bundle, judge: Judge) -> dict[str, float]:
    """How far its vectors of the samples are from those of fp32, at worst."""
    theirs = from_bundle(judge.full, judge.samples, BATCH_SIZES[-1])
    device = device_for(selected)
    each = [difference(from_bundle(selected, judge.samples, size, device), theirs) for size in BATCH_SIZES]
    return worst(each).as_dict()


def _replace_towers(full: Path, selected: Path) -> None:
    for tower in (IMAGE, TEXT):
        weights_file(full / tower).unlink(missing_ok=True)
    for path in selected.glob("*.onnx*"):
        path.replace(full / path.name)
