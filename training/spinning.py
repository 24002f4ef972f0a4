"""How long torch's threads wait for one another awake, before they sleep."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

#: About a third of a millisecond; GNU OpenMP's own number is 300,000, up to ten.
TURNS = "10000"


def spin_briefly(environ: MutableMapping[str, str] = os.environ) -> None:
    """Tell GNU OpenMP to spin for a short while only; it reads this when torch is first imported.

    On a machine that does something else besides, a spinning thread keeps the one that it waits for from running: a training
    beside one other busy process was 2 to 3 times as fast with this, and by itself the same (docs/log/training-step.md). What the
    user has set stays.
    """
    if "OMP_WAIT_POLICY" not in environ:
        environ.setdefault("GOMP_SPINCOUNT", TURNS)
