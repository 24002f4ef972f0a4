"""Pictures and texts to unit vectors: decode and preprocess, run, normalise. The only place that normalises."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..bundle.bundle import FLOATS, PATCHES, PIXELS, Bundle
from ..errors import BundleError, DeviceError, EncoderError
from .gpu import CUDA, TENSORRT, TensorRT, gpu_in_sight, on_gpu
from .lanes import Lanes
from .session import Device, available_cores, open_session, out_of_memory
from .stages import Stages
from .tokenizer import TextTokenizer

if TYPE_CHECKING:
    from ..pictures.simplejpeg_decoder import Decoder

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture ready for the model: ``pixels`` (S, S, 3) uint8; ``width`` and ``height`` of the original, in pixels; ``look``
    as ``perceptual_hash.look`` makes it of what the model sees.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    look: bytes = b""


class ClipEncoder:
    """A CLIP on onnxruntime. Thread-safe; each tower is loaded when it is first needed, so words never load the picture's.

    ``threads``: CPU threads of each tower, by default all that this process may use. ``batch_size``: at most so many
    inputs in one run; where a device's memory does not hold so many, half as many, which is logged. ``device_megabytes``: of a
    GPU's memory, each tower. ``tensorrt``: how that device builds its engines, each model's in a folder of its own.
    ``max_megapixels`` and ``max_megabytes``: pictures beyond are refused before they are decoded.
    """

    def __init__(
        self,
        bundle: Bundle,
        device: Device = "auto",
        threads: int | None = None,
        *,
        batch_size: int = 32,
        device_megabytes: int | None = None,
        tensorrt: TensorRT | None = None,
        max_megapixels: float | None = None,
        max_megabytes: float | None = None,
    ) -> None:
        self.bundle = bundle
        self.max_megapixels, self.max_megabytes = max_megapixels, max_megabytes
        if bundle.precision == "bf16":
            if device == "cpu" or not gpu_in_sight():
                raise DeviceError(
                    f"{bundle.path} computes in bf16, for which onnxruntime's CPU provider has no products; run it with --device "
                    "cuda where there is an NVIDIA GPU, or export it with --precision fp16, int8 or fp32"
                )
            device = "cuda" if device == "auto" else device
        self._device, self._threads, self._batch_size = device, threads, max(1, batch_size)
        self._device_megabytes, self._tensorrt = device_megabytes, tensorrt or TensorRT()
        # An int8 product is over before a second thread has woken up: each thread rather takes a part of the batch
        # (docs/log/encoder-speed.md). CUDA has no kernels for int8: those towers would be shuttled to the CPU product by product.
        self._on_cpu = device == "cpu" or (device == "auto" and bundle.precision == "int8")
        apart = self._on_cpu and bundle.precision == "int8"
        self._lanes = Lanes((threads or available_cores()) if apart else 1)
        self._loading = threading.Lock()
        self._loaded: dict[str, Any] = {}
        #: What ``reduced.choose_margin`` found; None decodes every picture whole, as training does.
        self.jpeg_margin: int | None = None
        #: What decodes JPEGs then; None is Pillow.
        self.jpeg_decoder: Decoder | None = None
        #: Seconds by stage, of all that this encoder has done; loading a tower is none of them.
        self.stages = Stages()

    @property
    def fingerprint(self) -> str:
        """Two encoders of one fingerprint give the same vectors."""
        return self.bundle.fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.bundle.dimension

    def active_device(self) -> str:
        """``tensorrt``, ``cuda`` or ``cpu``: where texts run. Loads the text tower; raises DeviceError as ``encode_texts`` does."""
        providers = self._session("text").get_providers()
        return "tensorrt" if TENSORRT in providers else "cuda" if CUDA in providers else "cpu"

    def warm_up(self, *towers: str) -> None:
        """Load ``image`` and ``text``, or those named, and run each once, so that no request pays for it.

        Raises EncoderError where a tower does not load, fails, or gives vectors of another length.
        """
        size = self.bundle.image.size
        for tower in towers or ("image", "text"):
            if tower == "image":
                self.embed_pictures([Picture(np.zeros((size, size, 3), np.uint8), size, size)])
            else:
                self.embed_texts(["a picture"])

    def load_picture(self, data: bytes) -> Picture:
        """Decode and preprocess a file's bytes. Raises ImageError (a ValueError), whose text is the reason."""
        return self.load_reduced(data, self.jpeg_margin, self.jpeg_decoder)

    def load_reduced(self, data: bytes, margin: int | None, decoder: Decoder | None = None) -> Picture:
        """``load_picture``, with JPEGs decoded at a fraction of their size that keeps ``margin`` times the model's edge."""
        from ..pictures.images import MAX_MEGABYTES, MAX_MEGAPIXELS, open_reduced
        from ..pictures.perceptual_hash import look
        from .preprocess import resize_and_crop

        spec = self.bundle.image
        limits = self.max_megapixels or MAX_MEGAPIXELS, self.max_megabytes or MAX_MEGABYTES
        edge = None if margin is None else margin * spec.size
        with self.stages.measure("decode"):
            picture, (width, height) = open_reduced(data, spec.background, *limits, edge, decoder)
        with self.stages.measure("preprocess"):
            pixels = resize_and_crop(picture, spec)
            return Picture(pixels, width, height, look(pixels))

    def encode_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """(N, D) float32, unit rows."""
        return self._unit(self.embed_pictures(pictures))

    def embed_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """What ``encode_pictures`` normalises: (N, D) float32."""

        def run(part: Sequence[Picture]) -> NDArray[np.float32]:
            return self._run("image", self._inputs("image", part))

        rows = self._lanes.run(run, pictures, self._most)
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), np.float32)

    def encode_patches(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """(N, G, G, D) float32: a unit vector for each patch, top left first, to be compared with texts' alone.

        Raises BundleError where the bundle was exported without its patches.
        """
        rows = self.embed_patches(pictures)
        return self._unit(rows.reshape(-1, self.dimension)).reshape(rows.shape)

    def embed_patches(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """What ``encode_patches`` normalises: (N, G, G, D) float32."""
        if PATCHES not in self.bundle.passport.get("extras", {}):
            raise BundleError(
                f"{self.bundle.path} has no {PATCHES}; export it again with: clipseek export-onnx CHECKPOINT OUT --explain"
            )
        rows = [self._run("patches", self._inputs("patches", [picture])) for picture in pictures]
        side = round((rows[0].shape[1] if rows else 0) ** 0.5)
        return np.asarray(rows, np.float32).reshape(len(rows), side, side, self.dimension)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, D) float32, unit rows. Texts beyond the model's context are cut; ``count_cut`` tells how many."""
        return self._unit(self.embed_texts(texts))

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What ``encode_texts`` normalises: (N, D) float32.

        Texts of like length run together: CLIP's text tower is causal and pools at end-of-text, so that padding changes
        nothing and only costs time.
        """
        tokenizer = self._tokenizer()
        with self.stages.measure("tokenize"):
            encoded, _ = tokenizer.encode(texts)
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index]))
        rows = np.empty((len(encoded), self.dimension), np.float32)

        def run(chosen: Sequence[int]) -> None:
            ids, mask = tokenizer.pad([encoded[index] for index in chosen])
            rows[chosen] = self._run("text", {"input_ids": ids, "attention_mask": mask})

        self._lanes.run(run, order, self._most)
        return rows

    def count_cut(self, texts: Sequence[str]) -> int:
        """How many of the texts are longer than the model reads."""
        return self._tokenizer().encode(texts)[1]

    def _run(self, tower: str, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        session, count = self._session(tower), len(next(iter(inputs.values())))
        try:
            with self.stages.measure("device"):
                rows: NDArray[np.float32] = session.run([f"{tower}_embeds"], inputs)[0]
        except Exception as problem:  # onnxruntime's exceptions share no base but Exception
            if count > 1 and out_of_memory(problem):
                return self._halved(tower, inputs, count // 2)
            raise EncoderError(
                f"{tower}.onnx failed on a batch of {count} ({reason_of(problem)}); try a smaller batch or --device cpu"
            ) from None
        if rows.shape[-1] != self.dimension or rows.ndim != (3 if tower == "patches" else 2):
            raise BundleError(
                f"{tower}.onnx gives {rows.shape[1:]} numbers, expected {self.dimension}; export it again"
            )
        if not np.isfinite(rows).all():
            raise EncoderError(f"{tower}.onnx gives vectors that are no numbers (NaN or infinite); export it again")
        return rows

    def _inputs(self, tower: str, pictures: Sequence[Picture]) -> dict[str, NDArray[Any]]:
        """Pixels as they are, or normalised, as the tower takes them."""
        stacked = np.stack([picture.pixels for picture in pictures])
        if self._session(tower).get_inputs()[0].name == PIXELS:
            return {PIXELS: stacked}
        from .preprocess import normalize

        return {FLOATS: np.stack([normalize(pixels, self.bundle.image) for pixels in stacked])}

    def _most(self) -> int:
        return self._batch_size

    def _halved(self, tower: str, inputs: dict[str, NDArray[Any]], half: int) -> NDArray[np.float32]:
        """The same run in two, and smaller batches from now on."""
        if half < self._batch_size:
            self._batch_size = half
            _LOG.warning(
                "the device's memory does not hold the batch of %s.onnx; going on with batches of %d", tower, half
            )
        parts = (slice(half), slice(half, None))
        return np.concatenate(
            [self._run(tower, {name: values[part] for name, values in inputs.items()}) for part in parts]
        )

    def _unit(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        with self.stages.measure("post"):
            return unit_rows(rows)

    def _session(self, tower: str) -> Any:
        return self._once(tower, lambda: self._opened(tower))

    def _opened(self, tower: str) -> Any:
        device: Device = "cpu" if self._on_cpu else self._device
        threads = 1 if self._lanes.count > 1 else self._threads
        path, asked, tensorrt = self.bundle.path / f"{tower}.onnx", self._tensorrt, None
        if device == "tensorrt":
            name = f"{self.fingerprint[:16]}{'-fp16' if asked.fp16 else ''}"
            tensorrt = TensorRT(asked.cache and asked.cache / name, asked.fp16, self.bundle.text.context_length)
        session = open_session(path, device, threads, self._device_megabytes, tensorrt)
        if tower == "patches" or not on_gpu(session):
            return session
        from .bound import bound_to_gpu

        return bound_to_gpu(session, tower, self.bundle, self._batch_size)

    def _tokenizer(self) -> TextTokenizer:
        tokenizer: TextTokenizer = self._once(
            "tokenizer", lambda: TextTokenizer(self.bundle.path / "tokenizer.json", self.bundle.text)
        )
        return tokenizer

    def _once(self, name: str, make: Any) -> Any:
        if name not in self._loaded:
            with self._loading:
                if name not in self._loaded:
                    self._loaded[name] = make()
        return self._loaded[name]


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows over their lengths, (N, D) float32; a zero row stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(lengths, np.float32(1e-12))
    return unit
