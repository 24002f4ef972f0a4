"""What commands open from their options, and what they say where it is not there."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from clipseek.cli.opening import encoder_of_index, prepare_torch
from clipseek.encoder import BundleError
from clipseek.opensearch.index.version import Version
from clipseek.web.settings import Settings
from clipseek.web.state import find_bundle

from tests.shipped import TUNED as SHIPPED


def test_a_new_index_needs_a_model() -> None:
    with pytest.raises(click.UsageError, match=r"--model BUNDLE \(or CLIPSEEK_MODEL\)"):
        encoder_of_index(None, None)
    with pytest.raises(click.UsageError, match="does not say which bundle filled it"):
        encoder_of_index(None, Version("i-1", "i", "ab", 2, 1))


def test_the_bundle_that_an_index_names_is_opened_only_if_it_is_trusted(tmp_path: Path) -> None:
    """The index says where; anybody who writes to it can put another folder there."""
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    version = Version("i-1", "i", "ab", 2, 1, bundle=str(folder))
    assert encoder_of_index(None, version).bundle.path == folder
    folder.chmod(0o777)
    with pytest.raises(BundleError, match="everybody can write to"):
        encoder_of_index(None, version)
    with pytest.raises(BundleError, match="everybody can write to"):
        find_bundle(Settings("http://127.0.0.1:1", ("i",)), version)
    assert encoder_of_index(folder, version).bundle.path == folder  # its user says so


def test_what_lies_beside_a_bundles_files_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    (folder / "README.md").touch()
    encoder_of_index(folder, None)
    assert capsys.readouterr().err == (
        f"{folder}: not read, because the bundle's clipseek.json does not list it: README.md\n"
    )


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
