"""A bundle in fewer bits beside the full one, and the choice between them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from clipseek.encoder import Bundle
from clipseek.encoder.bundle.bundle import TextSpec, weights_file
from clipseek.encoder.bundle.writer import write_passport
from clipseek.encoder.run.gpu import gpu_in_sight
from clipseek.training.data.pairs import Pairs

from .errors import ExportRefused
from .gate import Gate, by_cosine, by_ranking, device_for, in_words, judged_device, size_of
from .graph.fp16_compute import compute_in_half
from .graph.fp16_emulated import round_each_step
from .graph.fuse import fuse_attention
from .graph.int8 import reduce_to_int8
from .graph.int8_static import reduce_statically
from .int8_calibration import picture_inputs, text_inputs
from .parity import BATCH_SIZES, difference, from_bundle, worst
from .samples import Samples
from .speed import measure
from .towers import IMAGE, TEXT

#: What is asked for: one precision, or the fastest that passes its gate on this machine.
Precision: TypeAlias = Literal["fp32", "fp16", "bf16", "int8", "auto"]

#: Folders of the reduced towers inside the bundle that is being written; gone before it is put in place.
DYNAMIC, STATIC = "int8", "int8-static"
#: When the ranges of what goes into a product are measured: in each run, or once.
RANGES = {DYNAMIC: "dynamic", STATIC: "static"}
#: Those of towers that compute in half precision, for GPUs.
FP16, BF16 = "fp16", "bf16"


def wanted_towers(precision: Precision, calibrated: bool) -> list[str]:
    """The folders' names of the reduced towers that ``precision`` asks for: for auto all that may be fastest here.

    Raises ExportRefused where ``precision`` cannot be judged on this machine.
    """
    if precision == "bf16" and not gpu_in_sight():
        raise ExportRefused(
            "bf16 needs an NVIDIA GPU, to be judged as well as to run: onnxruntime's CPU provider has no bf16 products, and no "
            "NVIDIA driver is in sight; nothing was written; use --precision fp16, int8 or fp32"
        )
    if precision in (FP16, BF16):
        return [precision]
    if precision == "int8":
        return [STATIC if calibrated else DYNAMIC]
    half = [FP16] if gpu_in_sight() else []
    return [*half, DYNAMIC, *([STATIC] if calibrated else [])]


def reduce_towers(folder: Path, names: Sequence[str], pairs: Pairs | None, text: TextSpec, heads: int) -> list[Path]:
    """Reduced towers and the tokenizer, in folders of ``names`` inside ``folder``; returns these. Static int8 measures its
    ranges on ``pairs``. ``heads``: of the picture tower's attention, which is fused for GPUs.
    """
    tokenizer = folder / "tokenizer.json"
    made: list[Path] = []
    for name in names:
        reduced = folder / name
        reduced.mkdir()
        for tower in (IMAGE, TEXT):
            if name in (FP16, BF16):
                compute_in_half(folder / tower, reduced / tower, "fp16" if name == FP16 else "bf16")
                if tower == IMAGE:
                    fuse_attention(reduced / tower, heads, causal=False)
            elif name == DYNAMIC:
                reduce_to_int8(folder / tower, reduced / tower)
            else:
                assert pairs is not None
                inputs = picture_inputs(pairs) if tower == IMAGE else text_inputs(pairs, tokenizer, text)
                reduce_statically(folder / tower, reduced / tower, inputs)
        shutil.copyfile(tokenizer, reduced / tokenizer.name)
        made.append(reduced)
    return made


def settle(
    full: Bundle,
    folders: Sequence[Path],
    facts: dict[str, Any],
    precision: Precision,
    *,
    samples: Samples,
    gate: tuple[Gate, Pairs] | None,
    accept_loss: bool,
    on_step: Callable[[str], None],
) -> dict[str, Any]:
    """Judge the reduced towers in ``folders`` against the full ones and keep one of all in ``full.path``; its passport's facts.

    Raises ExportRefused when one of them was asked for, does not pass, and its loss is not accepted.
    """
    reduced, verdicts = [], []
    for folder in folders:
        own = _own_facts(folder.name)
        write_passport(folder, {**facts, **own})
        bundle = Bundle.load(folder)
        on_step(f"comparing {folder.name} with fp32")
        other = _stand_in(bundle, facts) if folder.name == FP16 and judged_device(bundle) == "cpu" else None
        verdict = by_ranking(full, bundle, gate[1], gate[0], other) if gate else by_cosine(full, bundle, samples, other)
        reduced.append(bundle)
        verdicts.append({**verdict, **own})
    facts = {**facts, "gates": verdicts}
    if precision == "auto":
        on_step(f"measuring fp32, {', '.join(folder.name for folder in folders)} on this machine")
        table = candidates([full, *reduced], [True, *(bool(verdict["passed"]) for verdict in verdicts)])
        facts["candidates"] = table
        kept = next(at for at, row in enumerate(table) if row["kept"])
    else:
        kept, (verdict,) = 1, verdicts
        if not verdict["passed"] and not accept_loss:
            raise ExportRefused(
                f"{precision} does not pass its gate: {in_words(verdict)}; nothing was written; "
                "use --precision fp32, or take the loss with --accept-loss"
            )
        verdict["accepted_loss"] = not verdict["passed"]
    if kept:
        chosen = reduced[kept - 1]
        theirs = from_bundle(full, samples, BATCH_SIZES[-1])
        device = device_for(chosen)
        apart = worst([difference(from_bundle(chosen, samples, size, device), theirs) for size in BATCH_SIZES])
        facts = {
            **facts,
            **_own_facts(chosen.path.name),
            "parity": {**facts["parity"], "reduction": vars(apart).copy()},
        }
        for name in (IMAGE, TEXT):
            weights_file(full.path / name).unlink(missing_ok=True)
        for path in chosen.path.glob("*.onnx*"):
            path.replace(full.path / path.name)
    for folder in folders:
        shutil.rmtree(folder)
    return facts


def _stand_in(bundle: Bundle, facts: dict[str, Any]) -> Bundle:
    """What computes on this CPU as the fp16 ``bundle`` would on a GPU, in a folder inside its own."""
    folder = bundle.path / "rounded"
    folder.mkdir()
    for tower in (IMAGE, TEXT):
        round_each_step(bundle.path / tower, folder / tower, "fp16")
    shutil.copyfile(bundle.path / "tokenizer.json", folder / "tokenizer.json")
    write_passport(folder, facts)
    return Bundle.load(folder)


def _own_facts(name: str) -> dict[str, str]:
    """What the passport says of the towers in the folder ``name`` alone."""
    return {"precision": "int8", "ranges": RANGES[name]} if name in RANGES else {"precision": name, "storage": name}


def candidates(bundles: Sequence[Bundle], passes: Sequence[bool]) -> list[dict[str, Any]]:
    """One row for each candidate with its speed here; the fastest that ``passes`` is ``kept``."""
    speeds = measure(bundles)
    rows = [
        {
            "precision": bundle.precision,
            "ranges": bundle.passport.get("ranges"),
            "bytes": size_of(bundle),
            **speed.as_dict(),
            "passed": passed,
        }
        for bundle, speed, passed in zip(bundles, speeds, passes, strict=True)
    ]
    order = sorted((at for at, row in enumerate(rows) if row["passed"]), key=lambda at: speeds[at].seconds())
    return [{**row, "kept": at == order[0]} for at, row in enumerate(rows)]
