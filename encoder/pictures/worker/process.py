"""One worker process as its parent sees it: started, asked, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..errors import ImageError
from .messages import Ended, receive, send

# ``-c`` puts the current folder first on the path, where a file may have the name of a module.
_CODE = (
    "import sys; sys.path[:] = [path for path in sys.path if path]; "
    "from clipseek.encoder.pictures.worker.child import main; main(sys.argv[1], int(sys.argv[2]))"
)
_NOISE = 64 << 10  # bytes of what a decoder prints that are kept for one file


@dataclass(frozen=True)
class Limits:
    """Of one file: ``megabytes`` of memory (10^6 bytes), and ``seconds`` plus ``seconds_per_megabyte`` of the file, at most
    ``most_seconds``."""

    megabytes: int
    seconds: float = 20
    seconds_per_megabyte: float = 2
    most_seconds: float = 240

    def time_for(self, size: int) -> float:
        """Seconds that a file of ``size`` bytes may take."""
        return min(self.most_seconds, self.seconds + self.seconds_per_megabyte * size / 1e6)


@dataclass(frozen=True)
class Answer:
    """``words`` and ``arrays`` as the task gave them; ``said``: what its libraries printed meanwhile, on one line."""

    words: dict[str, Any]
    arrays: list[NDArray[Any]] = field(default_factory=list)
    said: str = ""


class WorkerLost(ImageError):
    """The worker has ended in the middle of a file, or was ended, ``late``; the text is the reason for the file."""

    def __init__(self, reason: str, *, late: bool) -> None:
        super().__init__(reason)
        self.late = late


class Process:
    """A Python process that runs ``task`` (``module:function``) on one file after another. Of one thread at a time."""

    def __init__(self, task: str, limits: Limits) -> None:
        self._limits, self.answered = limits, 0
        self._noise = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed by ``end``
        with contextlib.suppress(ImportError):
            import fcntl  # what is cut off later must not leave a hole before the next line

            fcntl.fcntl(self._noise, fcntl.F_SETFL, fcntl.fcntl(self._noise, fcntl.F_GETFL) | os.O_APPEND)
        # One thread each: the worker is one of several, and threads' stacks count as memory.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONFAULTHANDLER": ""}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CODE, task, str(limits.megabytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._noise,
                env=environment,
                bufsize=0,
            )
        except OSError as problem:
            self._noise.close()
            raise ImageError(f"the process that decodes this format cannot be started: {reason_of(problem)}") from None

    def ask(self, data: bytes, asked: Mapping[str, Any]) -> Answer:
        """Let the task work on ``data``. Raises ImageError with its reason, and WorkerLost where the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        seconds = self._limits.time_for(len(data))
        late = threading.Event()
        timer = threading.Timer(seconds, self._end_late, [late])
        timer.daemon = True
        timer.start()
        try:
            send(self._process.stdin, {**asked, "seconds": round(seconds)}, [data])
            words, buffers = receive(self._process.stdout)
            kinds = words.pop("arrays", [])
            arrays = [
                buffer.view(np.dtype(kind)).reshape(shape) for buffer, (kind, shape) in zip(buffers, kinds, strict=True)
            ]
        except (Ended, OSError, ValueError, KeyError, TypeError):
            timer.cancel()
            raise WorkerLost(self._why_lost(late.is_set(), seconds), late=late.is_set()) from None
        finally:
            timer.cancel()
        self.answered += 1
        said = self._said()
        if words.get("out_of_memory"):
            raise ImageError(f"decoding it takes more than {self._limits.megabytes / 1000:.3g} GB of memory")
        if "reason" in words:
            raise ImageError(words["reason"])
        return Answer(words, arrays, said)

    def end(self) -> None:
        """End the process and wait for it."""
        with contextlib.suppress(OSError):
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()
        self._process.wait()
        self._noise.close()

    def _end_late(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _why_lost(self, late: bool, seconds: float) -> str:
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if late:
            return f"decoding it takes longer than {seconds:.0f} seconds"
        ending = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        said = self._said()
        return f"its decoder crashed ({ending}{f': {said}' if said else ''})"

    def _said(self) -> str:
        size = os.fstat(self._noise.fileno()).st_size
        if not size:
            return ""
        self._noise.seek(0)
        text = self._noise.read(_NOISE).decode("utf-8", "replace")
        with contextlib.suppress(OSError):
            os.ftruncate(self._noise.fileno(), 0)
        lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
        return "; ".join(dict.fromkeys(lines))[:300]
