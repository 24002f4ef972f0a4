"""Pictures decoded in processes, for machines of many cores: threads of one process wait for one another's Python.

16 threads on 16 cores decoded some 770 pictures of 320 x 240 a second, a tenth of what the GPU beside them took (docs/log/gpu.md).
A process for each core costs half a second to start and a copy of the pixels, so a few pictures stay with threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..bundle.bundle import ImageSpec
from ..device.session import available_cores
from .picture import Picture, PictureLoader
from .stages import Stages

if TYPE_CHECKING:
    from ..pictures.crop import Crop
    from ..pictures.worker.pool import Pool

#: Fewer cores are kept busy by threads.
CORES = 4
#: Fewer pictures are decoded before the processes would have started.
MANY = 512
#: Of a number that is not known, the first that threads decode.
FEW = 128
_TASK = "clipseek.encoder.run.decoding:decode"


def processes_for(pictures: int | None, cores: int | None = None) -> Pool | None:
    """Processes that decode ``pictures`` (None: an unknown number, expected to be many), or None where threads are as quick.

    They start with the first pictures, one for each core, and end with this process.
    """
    if (cores or available_cores()) < CORES or (pictures is not None and pictures < MANY):
        return None
    from ..pictures.worker.pool import pool_of

    return pool_of(_TASK)


def load_aside(processes: Pool, loader: PictureLoader, data: bytes, crop: Crop | None = None) -> Picture:
    """``loader.load`` in one of ``processes``. Raises ImageError, whose text is the reason."""
    with loader.stages.measure("decode"):
        answer = processes.ask(data, _asked(loader, crop))
    words, (pixels,) = answer.words, answer.arrays
    appearance, rules = bytes.fromhex(words["appearance"]), tuple(words["rules"])
    return Picture(pixels, words["width"], words["height"], appearance, rules, words["said"])


def _asked(loader: PictureLoader, crop: Crop | None) -> dict[str, Any]:
    """What ``decode`` needs to know to load a picture as ``loader`` does, in words that JSON takes."""
    return {
        "spec": asdict(loader.spec),
        "max_megapixels": loader.max_megapixels,
        "max_megabytes": loader.max_megabytes,
        "crop": crop and asdict(crop),
    }


def decode(data: bytes, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """A worker's task: the picture of ``data`` as ``_asked`` describes it. Raises ImageError."""
    from ..pictures.crop import Crop

    spec = ImageSpec.from_dict(asked["spec"])
    loader = PictureLoader(spec, Stages(), asked["max_megapixels"], asked["max_megabytes"])
    crop = Crop(**asked["crop"]) if asked["crop"] else None
    picture = loader.load(data, crop)
    words = {
        "width": picture.width,
        "height": picture.height,
        "appearance": picture.appearance.hex(),
        "rules": list(picture.rules),
        "said": picture.said,
    }
    return words, [picture.pixels]
