"""For what drives the page: ``clipseek serve`` in a process of its own, and the system's Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def served(url: str, index: str, pictures: Path, model: Path | None = None) -> Iterator[str]:
    """The address of ``clipseek serve`` over ``index``, which ends with the block. ``model``: where the index does not name it."""
    command = [
        "serve",
        "--open",
        "--url",
        url,
        "--index",
        index,
        "--pictures",
        str(pictures),
        "--port",
        str(free_port()),
    ]
    command += [] if model is None else ["--model", str(model)]
    process = subprocess.Popen([sys.executable, "-m", "clipseek.cli", *command], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                yield found[0]
                break
        else:
            sys.exit(f"clipseek serve ended with {process.wait()} and printed no address")
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def chromium() -> Iterator[Any]:
    """The system's Chromium without a window, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        sys.exit("no Chromium is installed; try: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def picture_folder(client: Any, index: str) -> Path:
    """The folder that holds the pictures of an index of files."""
    from clipseek.web.pictures.folders import picture_folders

    return picture_folders(client, index)[0]
