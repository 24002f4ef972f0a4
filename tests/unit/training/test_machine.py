"""What is set for libraries below torch: by whoever starts a process, never by an import, and never over the user's own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from clipseek.training.machine import SPIN_COUNT, spin_briefly

_ROOMS = "clipseek.training, clipseek.training.machine, clipseek.export, clipseek.demo.training"


def test_an_import_changes_no_environment_variable() -> None:
    code = f"import os; before = dict(os.environ); import {_ROOMS}; assert dict(os.environ) == before"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_torch_is_not_there_yet_when_it_is_called() -> None:
    code = "import sys, clipseek.training.machine as m; m.spin_briefly(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_user_has_set_stays() -> None:
    environ: dict[str, str] = {}
    spin_briefly(environ)
    assert environ == {"GOMP_SPINCOUNT": SPIN_COUNT}
    counted = {"GOMP_SPINCOUNT": "7"}
    spin_briefly(counted)
    assert counted == {"GOMP_SPINCOUNT": "7"}
    passive = {"OMP_WAIT_POLICY": "passive"}
    spin_briefly(passive)
    assert passive == {"OMP_WAIT_POLICY": "passive"}


@pytest.mark.train
def test_the_compute_dtype_is_what_is_given_or_what_the_processor_has() -> None:
    import torch
    from clipseek.training.machine import resolve_precision

    cpu = torch.device("cpu")
    assert [resolve_precision(name, cpu) for name in ("fp32", "bf16")] == ["fp32", "bf16"]
    assert resolve_precision("auto", cpu) in ("fp32", "bf16")
