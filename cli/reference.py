"""Writes the commands' help into README.md and docs/reference/commands.md, and what is read into formats.md and layouts.md there:
``python -m clipseek.cli.reference``.

With ``--check`` nothing is written, and a stale file is an error; ``make check`` runs that.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from .main import COMMANDS, root
from .reference_formats import formats_page
from .reference_layouts import layouts_page

WIDTH = 110
_BLOCK = re.compile(r"(<!-- help of clipseek -->\n```\n).*?(```\n<!-- end -->)", re.DOTALL)


def help_of(command: click.Command, name: str) -> str:
    """The help text of a command called ``name``, as a terminal of WIDTH columns shows it."""
    context = click.Context(command, info_name=name, max_content_width=WIDTH, terminal_width=WIDTH)
    context.help_option_names = ["-h", "--help"]
    return command.get_help(context).rstrip() + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """(name, help) of every command and subcommand, in the order of ``clipseek --help``."""
    context = click.Context(root, info_name="clipseek")
    for name in COMMANDS:
        command = root.get_command(context, name)
        inside = command.commands if isinstance(command, click.Group) else {}
        for words, part in {name: command, **{f"{name} {inner}": part for inner, part in inside.items()}}.items():
            assert part is not None
            yield f"clipseek {words}", help_of(part, f"clipseek {words}")


def commands_page() -> str:
    head = "# Commands\n\nMade by `python -m clipseek.cli.reference`; do not edit.\n"
    return "\n".join([head, *(f"## {name}\n\n```\n{text}```\n" for name, text in pages())])


def readme(text: str) -> str:
    """README.md with its help block as it should be. Raises ValueError where it has none."""
    fresh, count = _BLOCK.subn(lambda match: match[1] + help_of(root, "clipseek") + match[2], text)
    if count != 1:
        raise ValueError(f"README.md has {count} blocks <!-- help of clipseek --> … <!-- end -->, expected 1")
    return fresh


def main() -> None:
    home = Path(__file__).resolve().parents[1]
    check = sys.argv[1:] == ["--check"]
    pages = home / "docs" / "reference"
    wanted = {
        home / "README.md": readme((home / "README.md").read_text("utf-8")),
        pages / "commands.md": commands_page(),
        pages / "formats.md": formats_page(),
        pages / "layouts.md": layouts_page((pages / "layouts.md").read_text("utf-8")),
    }
    for path, text in wanted.items():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        if check:
            raise SystemExit(f"{path.relative_to(home)} is stale; run: python -m clipseek.cli.reference")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(path.relative_to(home))


if __name__ == "__main__":
    main()
