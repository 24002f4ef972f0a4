"""The benchmark that compares two checkouts' searches: this one beside itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
HOME = Path(__file__).resolve().parents[2]


def test_a_checkout_beside_itself(opensearch_url: str) -> None:
    command = [sys.executable, str(HOME / "benchmarks" / "search_request.py"), "--icons", "60", "--count", "3"]
    done = subprocess.run(
        [*command, "--url", opensearch_url, "--against", sys.executable],
        cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME / ".typing"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for mode in ("hybrid", "two lists", "caption", "vector"):
        assert re.search(rf"^{mode} .* ms, .* ms: \d+\.\d\d$", done.stdout, re.MULTILINE), done.stdout
        assert re.search(rf"^{mode} +8 clients: .* searches/s$", done.stdout, re.MULTILINE), done.stdout
    assert "hybrids with a hit of unknown shares: 0, 0" in done.stdout


def test_a_checkout_without_an_environment_is_named(opensearch_url: str, tmp_path: Path) -> None:
    command = [sys.executable, str(HOME / "benchmarks" / "search_request.py"), "--icons", "5", "--count", "1"]
    done = subprocess.run(
        [*command, "--url", opensearch_url, "--against", str(tmp_path)],
        cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME / ".typing")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("has no .venv/bin/python; make its environment there first: make check")
