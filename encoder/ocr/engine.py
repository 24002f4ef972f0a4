"""RapidOCR as it is used here: the models in its wheel, no download, no log, one thread a session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..errors import OcrUnavailable
from .languages import is_read, scripts_of
from .options import OcrOptions

_FINDS, _TURNS, _READS = "PP-OCRv6_det_small.onnx", "ch_ppocr_mobile_v2.0_cls_mobile.onnx", "PP-OCRv6_rec_small.onnx"
#: How sure the classifier must be that a line stands upside down, for it to be turned.
SURELY_TURNED = 0.9


def models_of(options: OcrOptions) -> list[Path]:
    """The three models' files: one finds lines, one tells which stand upside down, one reads them."""
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    return [folder / _FINDS, folder / _TURNS, options.model or folder / _READS]


def engine_of(options: OcrOptions) -> tuple[Any, tuple[str, ...]]:
    """A ``rapidocr.RapidOCR`` and the scripts that it reads (``languages.scripts_of``). Raises OcrUnavailable."""
    try:
        from rapidocr import ModelType, OCRVersion, RapidOCR
        from rapidocr.utils.typings import TaskType
    except ImportError:
        raise OcrUnavailable(
            "words in pictures are read by rapidocr, which is not installed; pip install 'clipseek[ocr]'"
        ) from None
    known = RapidOCR.list_supported_langs(TaskType.REC, OCRVersion.PPOCRV6, ModelType.SMALL)
    scripts = scripts_of(options.languages, known) if options.model is None else ()
    finds, turns, reads = models_of(options)
    for path in (finds, turns, reads):
        if not path.is_file():
            raise OcrUnavailable(
                f"{path} is no model of OCR's; install it again: pip install --force-reinstall rapidocr"
            )
    try:
        engine = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.text_score": 0.0,  # what is kept is decided by the caller, who needs each line's own figures
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Cls.cls_thresh": SURELY_TURNED,
                **{f"{part}.model_path": str(path) for part, path in (("Det", finds), ("Cls", turns), ("Rec", reads))},
            }
        )
        recognizer = engine._load_rec_model()
        recognizer.postprocess_op = (
            OfScripts(recognizer.postprocess_op, scripts) if scripts else recognizer.postprocess_op
        )
    except Exception as problem:  # onnxruntime's exceptions and rapidocr's share no base but Exception
        raise OcrUnavailable(f"OCR cannot be started with {reads} ({reason_of(problem)})") from None
    return engine, scripts


class OfScripts:
    """A recognizer's last step, to which the characters of other scripts are none."""

    def __init__(self, decode: Any, scripts: Sequence[str]) -> None:
        self._decode = decode
        # The first is "blank", which stands between two letters.
        self._none = np.array([at > 0 and not is_read(one, scripts) for at, one in enumerate(decode.character)])

    def __call__(self, scores: NDArray[np.float32], *more: Any, **named: Any) -> Any:
        """``scores``: (N, T, characters)."""
        scores = scores.copy()
        scores[..., self._none] = 0.0
        return self._decode(scores, *more, **named)
