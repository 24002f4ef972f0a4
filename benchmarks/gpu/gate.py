"""fp16 export of the demo's base with the gate that ranks held-out pairs, as a user's export has it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from parts import Setting, run_part

if TYPE_CHECKING:
    from clipseek.sources import Record

PAIRS = 500


def measure(setting: Setting) -> dict[str, Any]:
    from checkpoints import DEMO_BASE
    from clipseek.encoder.bundle.bundle import ImageSpec
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.gate import Gate
    from clipseek.training.data.pairs import Pairs, load_pairs

    records = _random_pairs(setting) if setting.tiny else _icons(setting)

    def load(spec: ImageSpec) -> Pairs:
        return load_pairs(records, spec)

    began = time.perf_counter()
    checkpoint = setting.checkpoint() if setting.tiny else DEMO_BASE
    bundle = export_bundle(
        str(checkpoint),
        setting.scratch / "gated",
        precision="fp16",
        gate=Gate("shipped icons held out", load),
        accept_loss=True,
        force=True,
    )
    return {"seconds": time.perf_counter() - began, "pairs": len(records), "gates": bundle.passport["gates"]}


def _random_pairs(setting: Setting) -> list[Record]:
    from clipseek.sources import Record

    named = zip(setting.files(), setting.captions(), strict=True)
    return [Record(id=None, image=image, captions=(caption,)) for image, caption in named]


def _icons(setting: Setting) -> list[Record]:
    """Icons that the demo keeps for its test; those of one concept are right for each other's captions."""
    from clipseek.demo.corpus.render import draw
    from clipseek.demo.corpus.shipped import read_corpus
    from clipseek.sources import Record

    held_out = [item for item in read_corpus("domain") if item.split == "test"][:PAIRS]
    folder = setting.scratch / "icons"
    folder.mkdir(exist_ok=True)
    records = []
    for number, item in enumerate(held_out):
        path = folder / f"{number:04}.png"
        path.write_bytes(draw(item.svg))
        records.append(Record(id=None, image=path, captions=(item.caption,), group=item.concept))
    return records


if __name__ == "__main__":
    run_part(measure)
