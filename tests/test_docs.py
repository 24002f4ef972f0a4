"""What the documents name is there: files behind links, paths, modules, commands and their options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from clipseek.cli.reference import pages

from tests.test_layers import ROOMS

ROOT = Path(__file__).resolve().parent.parent
#: Whatever people read; the generated page has a test of its own.
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "*/README.md", "demo/data/base/README.md")
    for path in ROOT.glob(pattern)
    if path.name != "commands.md"
)
#: History: what an old entry names may be gone.
HISTORY = [path for path in DOCUMENTS if path.parent.name == "log" or path.name == "CHANGELOG.md"]
PRESENT = [path for path in DOCUMENTS if path not in HISTORY]
#: What is made here and not kept in the repository.
MADE = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()}

_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"\.?[\w-]+(?:/[\w.-]+)*/?")
_FILE = re.compile(r"\w/.+(?:/$|\.(?:py|md|json|css|jpg|yaml|cfg|toml)$)")
_MODULE = re.compile(r"clipseek(?!\.json)(?:\.\w+)+")


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def prose(text: str) -> str:
    return _FENCED.sub("", text)


def anchors(path: Path) -> set[str]:
    """Of every heading, as GitHub makes them: small letters, spaces to dashes, other signs left out."""
    titles = re.findall(r"^#+ (.+)$", prose(path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def paths_named(text: str) -> Iterator[str]:
    """What stands in backticks and begins with a folder of this repository, or ends as a file or a folder does."""
    for code in _CODE.findall(prose(text)):
        if (
            "/" in code
            and code.strip("/") not in MADE
            and _PATH.fullmatch(code)
            and ((ROOT / code.split("/")[0]).is_dir() or _FILE.search(code))
        ):
            yield code


def module_exists(name: str) -> bool:
    """Whether ``clipseek.a.b`` is a folder or a file, or ``b`` a name that stands in the file of ``clipseek.a``."""
    *above, last = name.split(".")[1:]
    parent = ROOT.joinpath(*above)
    if (parent / last).is_dir() or (parent / f"{last}.py").is_file():
        return True
    home = parent / "__init__.py" if parent.is_dir() else parent.with_suffix(".py")
    return home.is_file() and re.search(rf"\b{last}\b", home.read_text("utf-8")) is not None


@pytest.mark.parametrize("name", names(DOCUMENTS))
def test_links_lead_somewhere(name: str) -> None:
    document, lost = ROOT / name, list[str]()
    for target in _LINK.findall(prose(document.read_text("utf-8"))):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (document.parent / file).resolve() if file else document
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert not lost


@pytest.mark.parametrize("name", names(PRESENT))
def test_paths_and_modules_in_backticks_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    near = (ROOT, (ROOT / name).parent)
    lost = [path for path in paths_named(text) if not any((folder / path).exists() for folder in near)]
    lost += [found for found in _MODULE.findall(prose(text)) if not module_exists(found)]
    assert not lost


@pytest.mark.parametrize("name", names(HISTORY))
def test_benchmarks_that_made_a_figure_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    lost = [path for path in paths_named(text) if path.startswith("benchmarks/") and not (ROOT / path).exists()]
    assert not lost


@pytest.mark.parametrize("name", names(PRESENT))
def test_commands_in_examples_exist_with_their_options(name: str) -> None:
    """Every line ``clipseek COMMAND ... --option`` in a block, and in backticks."""
    helps = dict(pages())
    text = (ROOT / name).read_text("utf-8")
    lines = [
        line
        for block in _FENCED.findall(text)
        if "Usage: clipseek" not in block
        for line in block.replace("\\\n", " ").splitlines()
    ]
    lost = []
    for line in [*lines, *_CODE.findall(prose(text))]:
        match = re.search(r"(?:^|&& |-m )clipseek(?:\.cli)? ([a-z][\w-]*)(?: ([a-z][\w-]*))?", line.split(" #")[0])
        if match is None or line.startswith("clipseek: "):
            continue
        command = next(
            (full for full in (f"clipseek {match[1]} {match[2]}", f"clipseek {match[1]}") if full in helps), None
        )
        options = re.findall(r"(?<![\w-])--[a-z][\w-]*", line.split(" #")[0])
        if command is None or any(not re.search(rf"{option}(?![\w-])", helps[command]) for option in options):
            lost.append(line)
    assert not lost


def test_the_architecture_has_every_room() -> None:
    rows = re.findall(r"^\| `(\w+)/`", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.MULTILINE)
    assert set(ROOMS) <= set(rows)
    assert all((ROOT / room).is_dir() for room in rows)


@pytest.mark.parametrize("name", names(PRESENT))
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = re.findall(r"(?:^|`)make (?:[A-Z]+=\S+ )*([a-z][\w-]*)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert set(named) <= targets


def test_a_lost_path_is_seen() -> None:
    assert list(paths_named("`opensearch/gone.py`, `a/b`, `tests/`")) == ["opensearch/gone.py", "tests/"]
    assert list(paths_named("`best/`, `gone/file.py`, `talk/run-1`")) == ["gone/file.py"]
    assert not module_exists("clipseek.opensearch.gone")
    assert module_exists("clipseek.opensearch.Query")


@pytest.mark.parametrize("name", names(PRESENT))
def test_a_test_that_is_named_is_there(name: str) -> None:
    lost = []
    for path, test in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", (ROOT / name).read_text("utf-8")):
        file = ROOT / path
        if not file.is_file() or not re.search(rf"^(?:async )?def {test}\(", file.read_text("utf-8"), re.MULTILINE):
            lost.append(f"{path}::{test}")
    assert not lost
