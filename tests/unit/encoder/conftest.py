"""A tiny random CLIP and its bundle, made once for this folder's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.encoder import Bundle, ClipEncoder

from tests.models import make_tiny_bundle, make_tiny_clip


@pytest.fixture(scope="session")
def checkpoint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_clip(tmp_path_factory.mktemp("encoder") / "checkpoint")


@pytest.fixture(scope="session")
def bundle(checkpoint_folder: Path) -> Bundle:
    return make_tiny_bundle(checkpoint_folder, checkpoint_folder.parent / "bundle")


@pytest.fixture(scope="session")
def encoder(bundle: Bundle) -> ClipEncoder:
    return ClipEncoder(bundle, device="cpu", threads=1)
