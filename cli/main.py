"""The ``clipseek`` command: wires subcommands, turns expected errors into one line and an exit code.

Exit codes: 0 done, 1 expected failure (one line on stderr), 2 usage, 130 interrupted. A bug keeps its traceback.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import signal
import sys
from types import FrameType
from typing import NoReturn, TextIO

import click

from .groups import Group
from .terminal.output import note

# name -> one-line help, here so that `clipseek --help` imports no subcommand. export-onnx is export_onnx of export_onnx.py.
COMMANDS: dict[str, str] = {
    "demo": "Train, export, ingest, evaluate, search and serve a page, on the shipped pictures.",
    "data": "Check image-caption pairs before training on them.",
    "train": "Fine-tune a CLIP model on your image-caption pairs.",
    "export-onnx": "Export a checkpoint to a parity-checked ONNX bundle.",
    "bundle": "Inspect, verify, import and trust ONNX bundles.",
    "evaluate": "Measure MRR@k and recall@k of a model on held-out pairs.",
    "reproduce": "Train and score what the talk did, on ImageCLEF, ROCO or RSICD.",
    "ingest": "Encode pictures and index them in OpenSearch.",
    "search": "Search an index by words, by a picture, or by both.",
    "explain": "Show where in a picture the model finds some words.",
    "tune": "Find the best fusion of captions and vectors for an index.",
    "calibrate": "Find the lowest cosine of a hit worth showing.",
    "judgments": "Make judgments of what people clicked and liked.",
    "index": "List, check, evaluate, advise on and delete indexes.",
    "pipelines": "Manage search pipelines for score fusion on the server.",
    "classify": "Zero-shot classification of pictures.",
    "serve": "Serve a search page and an API over indexes.",
    "neural": "Let any OpenSearch client search by words and pictures.",
    "dashboards": "Put boards of searches and ingests into OpenSearch Dashboards.",
    "mcp": "Let agents search indexes: a Model Context Protocol server.",
    "server": "Check a server: whether it can be used, and as whom.",
    "security": "Write least-privilege roles and users to a server.",
    "node": "Start, stop and inspect the embedded OpenSearch node.",
}


INTERRUPTED = "interrupted; run the same command again to go on"


class LazyGroup(Group):
    """A group whose subcommands are imported only when they run, so that ``--help`` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        own = name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"clipseek.cli.{own}"), own)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="clipseek")
def root() -> None:
    """Search your own pictures by words, by a picture, or by both."""


def failed(message: str, code: int = 1) -> int:
    """Print one line on stderr; returns ``code``."""
    note(f"clipseek: {' '.join(message.split())}")
    return code


class Interrupts:
    """Ctrl-C and a service's SIGTERM: each is a KeyboardInterrupt, and is remembered.

    Remembered, because an extension module that is being loaded turns the interrupt into an error of its own.
    """

    def __init__(self) -> None:
        self.seen = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> NoReturn:
        self.seen = True
        raise KeyboardInterrupt


def main() -> NoReturn:
    """Entry point of the console script."""
    try:
        code = _run(Interrupts())
        sys.stdout.flush()
    except BrokenPipeError:
        drop_unread(sys.stdout, sys.stderr)
        code = 0
    raise SystemExit(code)


def drop_unread(*streams: TextIO) -> None:
    """Send what a closed pipe did not take to nowhere: Python's own flush at shutdown would fail with it."""
    for stream in streams:
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(interrupts: Interrupts) -> int:
    """Run the command line; its exit code."""
    try:
        if "_CLIPSEEK_COMPLETE" in os.environ:
            root.main()
        # Not root.main: it makes exit code 1 of a closed pipe.
        with root.make_context("clipseek", sys.argv[1:]) as context:
            root.invoke(context)
        return 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        if isinstance(stop.code, str):
            raise
        return stop.code or 0
    except click.ClickException as problem:
        shown = io.StringIO()
        problem.show(shown)
        note(shown.getvalue().rstrip("\n"))  # names of files and what the server said, which must not drive a terminal
        return problem.exit_code
    except (KeyboardInterrupt, click.Abort):
        return failed(INTERRUPTED, 130)
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            return failed(
                f"no space left on the disk while writing {problem.filename or 'a file'}; free some and run again"
            )
        raise
    except Exception as problem:
        if interrupts.seen:
            return failed(INTERRUPTED, 130)
        # Every folder's error base carries exit_code; anything else is a bug and keeps its traceback.
        code = getattr(problem, "exit_code", None)
        if isinstance(code, int):
            return failed(str(problem), code)
        raise
