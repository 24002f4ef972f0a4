"""Help is quick because it imports little; a search never needs torch."""

from __future__ import annotations

import subprocess
import sys

import pytest
from clipseek.cli.main import COMMANDS

HEAVY = ("torch", "transformers", "onnxruntime", "opensearchpy", "numpy", "PIL", "matplotlib", "rich")


def loaded_after(*arguments: str) -> set[str]:
    """Names of the top-level modules that the command has loaded when it ends."""
    code = (
        "import sys\nfrom clipseek.cli.main import main\n"
        f"sys.argv = ['clipseek', *{list(arguments)!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code in (0, 1), stop.code\n"
        "print('\\n'.join(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), ["node", "start"]])
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    assert not loaded_after(*command, "--help").intersection(HEAVY)


def test_a_search_never_imports_torch() -> None:
    # No server listens there: what matters is what was imported on the way.
    loaded = loaded_after("search", "words", "--url", "http://127.0.0.1:9")
    assert "opensearchpy" in loaded
    assert not loaded.intersection({"torch", "transformers", "optimum", "matplotlib"})
