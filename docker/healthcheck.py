"""Whether this container is well: ``clipseek serve`` answers; any other command is, as long as it runs."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

_PORT = "8642"  # of clipseek serve, where none is named


def port_of(words: Sequence[str]) -> str:
    """What stands in a command line as ``--port N`` or ``--port=N``."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == "--port":
            return after
        if word.startswith("--port="):
            return word.removeprefix("--port=")
    return _PORT


def main() -> int:
    """0 for well, 1 for not."""
    words = Path("/proc/1/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    if "serve" not in words:
        return 0
    port = port_of(words)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/readyz", timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as problem:
        print(problem)
        return 1


if __name__ == "__main__":
    sys.exit(main())
