"""Which precision a bundle is written in: the one that was named, if it passes its gate, or the fastest of those that pass."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder import Bundle, ClipEncoder, Picture
from clipseek.encoder.bundle.files import weights_file
from clipseek.encoder.bundle.writer import write_passport

from .errors import ExportRefused
from .gate import ENOUGH, Judge, judged_device, tower_bytes
from .graph.fp16_compute import emulate_compute_dtype
from .parity import BATCH_SIZES, device_for, from_bundle, in_all_batches
from .precision import FP16, Precision, variant_facts
from .towers import IMAGE, TEXT
from .verdict import Verdict

BATCH = 32
ROUNDS = 7
WORDS = "a small red house beside two tall trees on a green hill under the evening sun".split()  # noqa: SIM905


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
    judged = []
    for folder in folders:
        on_step(f"comparing {folder.name} with fp32")
        judged.append(_judged(folder, facts, judge))
    bundles, verdicts = [bundle for bundle, _ in judged], [verdict for _, verdict in judged]
    facts, selected = {**facts}, bundles[0]
    if precision == "auto":
        on_step(f"measuring fp32, {', '.join(folder.name for folder in folders)} on this machine")
        facts["candidates"] = speed_table([judge.full, *bundles], [True, *(verdict.passed for verdict in verdicts)])
        selected = next(
            bundle for bundle, row in zip([judge.full, *bundles], facts["candidates"], strict=True) if row["kept"]
        )
    elif not verdicts[0].passed and not accept_loss:
        raise ExportRefused(
            f"{precision} does not pass its gate: {verdicts[0].in_words()}; nothing was written; "
            f"use --precision fp32, {_more_pairs(verdicts[0])}or take the loss with --accept-loss"
        )
    else:
        verdicts = [replace(verdicts[0], accepted_loss=not verdicts[0].passed)]
    facts["gates"] = [verdict.as_dict() for verdict in verdicts]
    if selected is not judge.full:
        facts |= variant_facts(selected.path.name)
        theirs = from_bundle(judge.full, judge.samples, BATCH_SIZES[-1])
        cost = in_all_batches(selected, judge.samples, theirs, device_for(selected))
        facts["parity"] = {**facts["parity"], "reduction": cost.as_dict()}
        for tower in (IMAGE, TEXT):
            weights_file(judge.full.path / tower).unlink(missing_ok=True)
        for path in selected.path.glob("*.onnx*"):
            path.replace(judge.full.path / path.name)
    for folder in folders:
        shutil.rmtree(folder)
    return facts


def _more_pairs(verdict: Verdict) -> str:
    """Advice where the gate's pairs are so few that the interval alone may have decided."""
    few = verdict.pairs is not None and verdict.pairs < ENOUGH
    return f"give --gate at least {ENOUGH} pairs, " if few else ""


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


def speed_table(bundles: Sequence[Bundle], passes: Sequence[bool]) -> list[dict[str, Any]]:
    """One row for each bundle with its speed here; of those that pass, the one that takes least for a picture and a caption is
    ``kept``."""
    seconds = _measure(bundles)
    fastest = min(
        (number for number, passed in enumerate(passes) if passed), key=lambda number: sum(seconds[number][:2])
    )
    return [
        {
            "precision": bundle.precision,
            "ranges": bundle.passport.get("ranges"),
            "bytes": tower_bytes(bundle),
            "pictures_per_second": round(BATCH / pictures, 3),
            "texts_per_second": round(BATCH / texts, 3),
            "query_ms": round(1000 * query, 3),
            "passed": passes[number],
            "kept": number == fastest,
        }
        for number, (bundle, (pictures, texts, query)) in enumerate(zip(bundles, seconds, strict=True))
    ]


def _measure(bundles: Sequence[Bundle]) -> list[list[float]]:
    """Median seconds of each bundle, where ``--device auto`` runs it here: a batch of pictures, one of captions, and a query.

    They take turns, so that the machine's other load slows all of them alike. Pictures are decoded ones of the model's size,
    captions 6 to 15 words.
    """
    runs = [_runs(bundle) for bundle in bundles]
    seconds: list[list[list[float]]] = [[[] for _ in kinds] for kinds in runs]
    for turn in range(ROUNDS + 1):
        for kinds, times in zip(runs, seconds, strict=True):
            for run, measured in zip(kinds, times, strict=True):
                started = time.perf_counter()
                run()
                if turn:  # the first loads the tower and allocates its memory
                    measured.append(time.perf_counter() - started)
    return [[statistics.median(measured) for measured in times] for times in seconds]


def _runs(bundle: Bundle) -> list[Callable[[], Any]]:
    """A batch of pictures, a batch of captions, and one query."""
    encoder = ClipEncoder(bundle, batch_size=BATCH)
    size = bundle.image.size
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), np.uint8)
    pictures = [Picture(picture, size, size) for picture in pixels]
    captions = [" ".join(WORDS[: 6 + row % 10]) for row in range(BATCH)]
    return [
        partial(encoder.encode_pictures, pictures),
        partial(encoder.encode_texts, captions),
        partial(encoder.encode_texts, ["a small red house"]),
    ]
