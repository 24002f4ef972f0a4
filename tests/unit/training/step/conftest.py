"""A tiny random CLIP and pictures of coloured squares with captions, made once for this folder's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models import make_tiny_clip
from tests.pairs import write_squares


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_clip(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("squares")
    write_squares(folder, copies=2)
    return folder
