from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest
from clipseek.files.cache import user_cache


def test_the_environment_names_the_cache_else_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path))
    assert user_cache() == tmp_path
    monkeypatch.delenv("CLIPSEEK_CACHE")
    assert user_cache() == platformdirs.user_cache_path("clipseek")
