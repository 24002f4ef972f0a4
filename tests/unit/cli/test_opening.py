"""What commands open from their options, and what they say where it is not there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import Any

import click
import pytest
from clipseek.cli.opening import encoder_of_index, prepare_torch
from clipseek.opensearch.index.version import Version


def test_a_new_index_needs_a_model() -> None:
    with pytest.raises(click.UsageError, match=r"--model BUNDLE \(or CLIPSEEK_MODEL\)"):
        encoder_of_index(None, None)
    with pytest.raises(click.UsageError, match="does not say which bundle filled it"):
        encoder_of_index(None, Version("i-1", "i", "ab", 2, 1))


def test_what_is_not_installed_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(click.ClickException, match="training needs torch, which is not installed; try: pip install"):
        prepare_torch("training")
    with pytest.raises(click.ClickException, match="exporting needs torch and optimum, which are not installed"):
        prepare_torch("exporting", "optimum")


@pytest.mark.train
def test_torch_is_told_how_to_wait_before_it_is_imported() -> None:
    code = (
        "import os, sys\nfrom clipseek.cli.opening import prepare_torch\nprepare_torch('this')\n"
        "assert 'torch' not in sys.modules\nprint(os.environ.get('GOMP_SPINCOUNT'))"
    )
    environment: dict[str, Any] = {"PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip().isdigit()
