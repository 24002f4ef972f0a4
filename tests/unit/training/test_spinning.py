"""Importing the room sets how OpenMP waits, before torch is there, and leaves what the user has set."""

from __future__ import annotations

import os
import subprocess
import sys

from clipseek.training.spinning import TURNS, spin_briefly


def test_the_room_sets_it_before_torch_is_imported() -> None:
    code = "import sys, os, clipseek.training as _; print('torch' in sys.modules, os.environ['GOMP_SPINCOUNT'])"
    given = {name: value for name, value in os.environ.items() if not name.startswith(("GOMP_", "OMP_"))}
    answer = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", TURNS]


def test_what_the_user_has_set_stays() -> None:
    counted = {"GOMP_SPINCOUNT": "7"}
    spin_briefly(counted)
    assert counted == {"GOMP_SPINCOUNT": "7"}
    passive = {"OMP_WAIT_POLICY": "passive"}
    spin_briefly(passive)
    assert passive == {"OMP_WAIT_POLICY": "passive"}
