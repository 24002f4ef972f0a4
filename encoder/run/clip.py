"""Pictures and texts to unit vectors: decode and preprocess, run, normalise. The only place that normalises."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..bundle.bundle import FLOATS, PIXELS, Bundle
from ..bundle.files import PATCHES
from ..bundle.unchanged import same_file
from ..device.bound import Rows
from ..device.gpu import CUDA, TENSORRT, TensorRT
from ..device.session import Device, available_cores
from ..errors import BundleError
from .decoding import FEW, load_aside, processes_for
from .picture import Picture, PictureLoader
from .stages import Stages
from .tokenizer import TextTokenizer
from .towers import Towers

if TYPE_CHECKING:
    from ..pictures.crop import Crop, PictureFile
    from ..pictures.errors import ImageError
    from ..pictures.worker.pool import Pool


class ClipEncoder:
    """A CLIP on onnxruntime. Thread-safe; each tower is loaded when it is first needed, so words never load the picture's.

    ``threads``: CPU threads of each tower, by default all that this process may use. ``batch_size``: the most inputs in one
    run; where a device's memory does not hold them, half as many, which is logged. ``device_megabytes``: of a GPU's memory, each
    tower. ``tensorrt`` (experimental): how that device builds its engines, each model's in a folder of its own.
    ``max_megapixels`` and ``max_megabytes``: pictures beyond are refused before they are decoded. Raises DeviceError for a bf16
    bundle where no GPU is in sight.

    ``towers``, ``tokenizer`` and ``loader`` are the three steps that it joins; ``stages``: seconds by stage, of all that this
    encoder has done, without loading a tower.
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
        self.stages = Stages()
        self.towers = Towers(bundle, device, threads, batch_size, device_megabytes, tensorrt, self.stages)
        self.loader = PictureLoader(bundle.image, self.stages, max_megapixels, max_megabytes)
        self._processes: Pool | None = None
        self._decoded = itertools.count()
        self._loading = threading.Lock()
        self._tokenizer: TextTokenizer | None = None

    @property
    def tokenizer(self) -> TextTokenizer:
        """The bundle's own, loaded once. Raises BundleError where its file is none."""
        with self._loading:
            if self._tokenizer is None:
                with same_file(self.bundle, "tokenizer.json") as path:
                    self._tokenizer = TextTokenizer(path, self.bundle.text)
            return self._tokenizer

    @property
    def fingerprint(self) -> str:
        """Two encoders of one fingerprint give the same vectors."""
        return self.bundle.fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.bundle.dimension

    @property
    def context_length(self) -> int:
        """How many tokens of a text the model reads, both ends included."""
        return self.bundle.text.context_length

    @property
    def joinable(self) -> int:
        """How many single requests a batch may join: 1 where int8 towers round a whole batch by one range, as they did before rows
        had their own, so that a vector moves with its company."""
        alone = self.bundle.precision == "int8" and self.bundle.passport.get("ranges") not in ("rows", "static")
        return 1 if alone else 32

    def active_device(self) -> str:
        """``tensorrt``, ``cuda`` or ``cpu``: where texts run. Loads the text tower; raises DeviceError as ``encode_texts`` does."""
        providers = self.towers.session("text").get_providers()
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

    def load_picture(self, data: bytes, crop: Crop | None = None) -> Picture:
        """Decode and preprocess a file's bytes, or ``crop`` of the picture. Raises ImageError (a ValueError), whose text is the
        reason."""
        if self._processes is None or next(self._decoded) < FEW:
            return self.loader.load(data, crop)
        return load_aside(self._processes, self.loader, data, crop)

    def load_parts(self, data: bytes, crops: Sequence[Crop]) -> list[Picture | ImageError]:
        """``load_picture`` of each of ``crops``, or the reason why there is none; the file is decoded once for many."""
        return self.loader.load_parts(data, crops)

    def decode_in_processes(self) -> None:
        """For a long job: where there are many cores, ``load_picture`` decodes in processes after the first pictures. To be called
        from as many threads as there are cores."""
        self._processes = processes_for(None)

    def read_pictures(
        self, files: Sequence[PictureFile], window: int = 64
    ) -> Iterator[list[tuple[PictureFile, Picture | str]]]:
        """Windows of (file, its picture or the reason why there is none), in the order of ``files``.

        One window is read ahead in threads, or processes where there are many, so that memory does not grow with their number.
        """
        from ..pictures.files import read_picture

        processes = processes_for(len(files))

        def load(data: bytes, crop: Crop | None) -> Picture:
            if processes is None:
                return self.load_picture(data, crop)
            return load_aside(processes, self.loader, data, crop)

        def read(file: PictureFile) -> Picture | str:
            return read_picture(file.path, lambda data: load(data, file.crop))

        with ThreadPoolExecutor(available_cores()) as pool:
            ahead: deque[tuple[Sequence[PictureFile], Iterator[Picture | str]]] = deque()
            for start in range(0, len(files), window):
                chosen = files[start : start + window]
                ahead.append((chosen, pool.map(read, chosen)))
                if len(ahead) > 1:
                    yield list(zip(*ahead.popleft(), strict=True))
            while ahead:
                yield list(zip(*ahead.popleft(), strict=True))

    def encode_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """(N, D) float32, unit rows."""
        return self._unit(self.embed_pictures(pictures))

    def embed_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """What ``encode_pictures`` normalises: (N, D) float32."""

        def run(batch: Sequence[Picture]) -> NDArray[np.float32]:
            return self.towers.run("image", self._inputs("image", batch))

        rows = self.towers.map(run, pictures)
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
        rows = [self.towers.run("patches", self._inputs("patches", [picture])) for picture in pictures]
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
        tokenizer = self.tokenizer
        with self.stages.measure("tokenize"):
            encoded, _ = tokenizer.encode(texts)
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index]))
        rows = np.empty((len(encoded), self.dimension), np.float32)

        def run(batch: Sequence[int]) -> None:
            ids, mask = tokenizer.pad([encoded[index] for index in batch])
            rows[batch] = self.towers.run("text", {"input_ids": ids, "attention_mask": mask})

        self.towers.map(run, order)
        return rows

    def count_cut(self, texts: Sequence[str]) -> int:
        """How many of the texts are longer than the model reads."""
        return self.tokenizer.encode(texts)[1]

    def _inputs(self, tower: str, pictures: Sequence[Picture]) -> dict[str, Rows]:
        """Pixels as bytes, or normalised, whichever the tower takes; a row for each picture."""
        if self.towers.session(tower).get_inputs()[0].name == PIXELS:
            return {PIXELS: [picture.pixels for picture in pictures]}
        from .preprocess import normalize

        return {FLOATS: [normalize(picture.pixels, self.bundle.image) for picture in pictures]}

    def _unit(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        with self.stages.measure("post"):
            return normalize_rows(rows)


def normalize_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows over their lengths, (N, D) float32; a zero row stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(lengths, np.float32(1e-12))
    return unit
