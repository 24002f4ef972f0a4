"""The worker process's own side: limits first, then one file after another until its input ends.

Whatever a decoder prints goes to the worker's stderr, which is a file of the process that started it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..errors import ImageError
from .messages import Ended, receive_file, send

#: A file's bytes and what was asked, to words that JSON takes and arrays.
Task: TypeAlias = Callable[[bytes, Mapping[str, Any]], tuple[dict[str, Any], list[NDArray[Any]]]]

#: Seconds after the time limit by which a worker whose parent is gone ends itself.
_GRACE = 5


def main(task: str, megabytes: int) -> None:
    """Answer requests on stdin until it ends. ``task``: ``module:function``, a ``Task``."""
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it closes our input
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints on stdout must not end up among the answers
    warnings.simplefilter("ignore")
    module, _, name = task.partition(":")
    function: Task = getattr(importlib.import_module(module), name)
    _limit(megabytes)
    while True:
        try:
            asked, data = receive_file(sys.stdin.buffer)
        except Ended:
            return
        seconds = int(asked.pop("seconds"))
        _alarm(seconds + _GRACE)
        words, arrays = _answer(function, data, asked)
        _alarm(0)
        send(answers, words, arrays)
        del data, words, arrays  # not beside the next file's


def _answer(function: Task, data: bytes, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    try:
        words, arrays = function(data, asked)
    except MemoryError:
        return {"out_of_memory": True}, []
    except ImageError as problem:
        return {"reason": " ".join(str(problem).split())}, []
    except Exception as problem:  # decoders raise what they like on broken files
        return {"reason": f"cannot be decoded: {reason_of(problem)}"}, []
    arrays = [np.ascontiguousarray(array) for array in arrays]
    words = {**words, "arrays": [[array.dtype.str, array.shape] for array in arrays]}
    return words, arrays


def _limit(megabytes: int) -> None:
    """At most ``megabytes`` (10^6 bytes) beyond what is mapped now; no core files."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open("/proc/self/statm", encoding="ascii") as status:
            mapped = int(status.read().split()[0]) * resource.getpagesize()
        most = mapped + megabytes * 10**6
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _alarm(seconds: int) -> None:
    # With no handler of Python's the signal ends the process inside a decoder's loop, too.
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)
