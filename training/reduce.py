"""A bundle in fewer bits beside the full one, and the choice between them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

from clipseek.encoder import Bundle
from clipseek.encoder.int8 import reduce_to_int8
from clipseek.encoder.writer import write_passport

from .data import Pairs
from .errors import ExportRefused
from .gate import Gate, by_cosine, by_ranking, in_words, size_of
from .parity import BATCH_SIZES, difference, from_bundle, worst
from .samples import Samples
from .speed import measure
from .towers import IMAGE, TEXT

#: What is asked for: one precision, or the fastest that passes its gate on this machine.
Precision: TypeAlias = Literal["fp32", "int8", "auto"]

#: Folder of the reduced towers inside the bundle that is being written; gone before it is put in place.
INT8 = "int8"


def reduce_towers(folder: Path) -> Path:
    """int8 towers and the tokenizer, in a folder of their own inside ``folder``; returns it."""
    reduced = folder / INT8
    reduced.mkdir()
    for name in (IMAGE, TEXT):
        reduce_to_int8(folder / name, reduced / name)
    shutil.copyfile(folder / "tokenizer.json", reduced / "tokenizer.json")
    return reduced


def settle(
    full: Bundle,
    reduced_folder: Path,
    facts: dict[str, Any],
    precision: Precision,
    *,
    samples: Samples,
    gate: tuple[Gate, Pairs] | None,
    accept_loss: bool,
    on_step: Callable[[str], None],
) -> dict[str, Any]:
    """Judge the reduced towers against the full ones and keep one of the two in ``full.path``; its passport's facts.

    Raises ExportRefused when int8 was asked for, does not pass, and its loss is not accepted.
    """
    write_passport(reduced_folder, {**facts, "precision": "int8"})
    reduced = Bundle.load(reduced_folder)
    on_step("comparing int8 with fp32")
    verdict = by_ranking(full, reduced, gate[1], gate[0]) if gate else by_cosine(full, reduced, samples)
    facts = {**facts, "gates": [verdict]}
    if precision == "auto":
        on_step("measuring fp32 and int8 on this machine")
        table = candidates(full, reduced, verdict)
        facts["candidates"] = table
        keep = next(row["precision"] for row in table if row["kept"])
    else:
        keep = "int8"
        if not verdict["passed"] and not accept_loss:
            raise ExportRefused(
                f"int8 does not pass its gate: {in_words(verdict)}; nothing was written; "
                "use --precision fp32, or take the loss with --accept-loss"
            )
        verdict["accepted_loss"] = not verdict["passed"]
    if keep == "int8":
        theirs = from_bundle(full, samples, BATCH_SIZES[-1])
        apart = worst([difference(from_bundle(reduced, samples, size), theirs) for size in BATCH_SIZES])
        facts = {**facts, "precision": "int8", "parity": {**facts["parity"], "reduction": vars(apart).copy()}}
        for name in (IMAGE, TEXT):
            (full.path / f"{name}_data").unlink(missing_ok=True)
        for path in reduced_folder.glob("*.onnx*"):
            path.replace(full.path / path.name)
    shutil.rmtree(reduced_folder)
    return facts


def candidates(full: Bundle, reduced: Bundle, verdict: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each candidate with its speed here; the fastest that passes is ``kept``."""
    bundles, passes = (full, reduced), (True, bool(verdict["passed"]))
    speeds = measure(bundles)
    rows = [
        {"precision": bundle.precision, "bytes": size_of(bundle), **speed.as_dict(), "passed": passed}
        for bundle, speed, passed in zip(bundles, speeds, passes, strict=True)
    ]
    order = sorted((at for at, row in enumerate(rows) if row["passed"]), key=lambda at: speeds[at].seconds())
    return [{**row, "kept": at == order[0]} for at, row in enumerate(rows)]
