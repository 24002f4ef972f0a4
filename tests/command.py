"""``clipseek`` as a user meets it: in a process of its own, streams and exit codes, without seconds of imports for each call.

A server process imports torch and its friends once, and each command runs in a fork of it. What is tested about imports
themselves (tests/unit/cli/test_light_imports.py), and the whole path, starts Python anew.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Read by these libraries as they are loaded, so the server has them too.
_ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
#: What the commands that train, export and evaluate load; nothing of clipseek itself.
_PRELOADED = [
    "onnx",
    "onnxruntime",
    "optimum.exporters.onnx",
    "torch",
    "transformers.models.clip.image_processing_clip",
    "transformers.models.clip.modeling_clip",
    "transformers.models.clip.tokenization_clip_fast",
]


def said(stderr: str) -> list[str]:
    """The lines of stderr but for the first, where it says which server is asked."""
    lines = stderr.splitlines()
    return lines[1:] if lines and lines[0].startswith("server: ") else lines


def run_command(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    """What ``clipseek ARGUMENTS`` printed, and its exit code; ``environment`` joins this process's own. After ``seconds`` it is
    ended, as one that waits for ever."""
    command = [str(argument) for argument in arguments]
    context = _server()
    with tempfile.TemporaryDirectory() as folder:
        streams = Path(folder, "stdout"), Path(folder, "stderr")
        process = context.Process(
            target=_command, args=(command, {**os.environ, **(environment or {})}, *map(str, streams))
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(ROOT)  # as the child gets it, to find this module
            process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess(command, process.exitcode, *(path.read_text("utf-8") for path in streams))


def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _ENVIRONMENT.items():
            patch.setenv(name, value)
        multiprocessing.forkserver.ensure_running()
    return context


def _command(arguments: list[str], environment: dict[str, str], stdout: str, stderr: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["clipseek", *arguments]
    for stream, path in ((1, stdout), (2, stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), stream)
    sys.stdout, sys.stderr = (open(stream, "w", encoding="utf-8", closefd=False) for stream in (1, 2))  # noqa: SIM115
    from clipseek.cli.main import main

    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
