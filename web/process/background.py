"""Services in the background: started and waited for, and stopped."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from clipseek.files.processes import end, locked

from ..errors import ServeError
from ..guard.secret_files import private_folder
from .options import STARTING, Options
from .state import Service, running

START_SECONDS = 60.0
STOP_SECONDS = 15.0  # more than what is under way gets

# A Popen that is thrown away while its process runs complains.
_started: list[subprocess.Popen[bytes]] = []


def start_background(options: Options) -> Service:
    """The service, once it answers; one of the same name is replaced. Raises ServeError, and leaves no process behind."""
    folder = private_folder(Path(options.folder))
    with locked(folder / "start.lock"):
        if options.name:
            stop([service for service in running(folder) if service.name == options.name], folder)
        log = folder / STARTING  # one start, one log
        log.unlink(missing_ok=True)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "clipseek.web.process.detached"],
                cwd=folder,  # nothing of the folder that it is started from is imported
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stream,
                start_new_session=True,
            )
        _started.append(process)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(options.to_json().encode())  # not as arguments, which every user of the machine may list
        return _wait(process, folder, log)


def stop(services: list[Service], folder: Path) -> None:
    """End the processes of ``services``: what is under way is finished, and who does not end then is killed."""
    end({service.pid: service.identity for service in services}, STOP_SECONDS)
    _started[:] = [process for process in _started if process.poll() is None]
    for service in services:
        service.forget(folder)


def _wait(process: subprocess.Popen[bytes], folder: Path, log: Path) -> Service:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        for service in running(folder):
            if service.pid == process.pid:
                return service
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
        process.wait()
        raise ServeError(f"the service did not answer within {START_SECONDS:.0f} s and was ended; its log: {log}")
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    reason = lines[-1].removeprefix("clipseek: ") if lines else f"the service ended with code {process.returncode}"
    raise ServeError(reason if lines and lines[-1].startswith("clipseek: ") else f"{reason[:300]} (log: {log})")
