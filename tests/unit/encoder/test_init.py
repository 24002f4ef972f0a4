from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import clipseek.encoder
import pytest


def test_public_names_are_there_and_sorted() -> None:
    names = clipseek.encoder.__all__
    assert names == sorted(names)
    for name in names:
        assert getattr(clipseek.encoder, name).__module__.startswith("clipseek.encoder.")
    assert set(names) <= set(dir(clipseek.encoder))


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'torch'"):
        _ = clipseek.encoder.torch


def test_onnxruntime_writes_nothing_into_the_users_home(tmp_path: Path) -> None:
    bundle = Path(__file__).parents[3] / "demo" / "data" / "tuned"
    opened = f"from clipseek.encoder import Bundle, ClipEncoder; ClipEncoder(Bundle.load({str(bundle)!r})).encode_texts(['a cat'])"
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY" and "XDG" not in name}
    subprocess.run([sys.executable, "-c", opened], env={**kept, "HOME": str(tmp_path)}, check=True, timeout=120)
    assert not list(tmp_path.rglob("*"))
