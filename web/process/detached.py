"""A service in the background: ``python -m clipseek.web.process.detached`` with its options as JSON on stdin."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from .options import Options


def main() -> int:
    """Serve until SIGTERM. An expected failure is one line on stderr, which is the log, and exit code 1."""
    options = Options.from_json(sys.stdin.read())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        from .server import serve

        serve(options, lambda service: None, detached=True)
    except KeyboardInterrupt:
        return 130
    except Exception as problem:
        if isinstance(getattr(problem, "exit_code", None), int):
            print(f"clipseek: {' '.join(str(problem).split())}", file=sys.stderr)
            return 1
        raise
    return 0


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
