"""What this machine is quick in, and what libraries below torch are set to before and during training."""

from __future__ import annotations

import ctypes
import os
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # spin_briefly is called before torch is imported
    import torch

#: About a third of a millisecond; GNU OpenMP's own number is 300,000, up to ten.
SPIN_COUNT = "10000"
# malloc.h of glibc. Requests above the threshold are mapped for themselves and unmapped when freed; 32 MB is its ceiling.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3


def spin_briefly(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let waiting threads of GNU OpenMP spin for a short while only, by GOMP_SPINCOUNT, which it reads when torch is first
    imported. For whoever starts a process that will import torch: commands, the demo, benchmarks; no import calls it.

    On a machine that does something else besides, a spinning thread keeps the one that it waits for from running: a training
    beside one other busy process was 2 to 3 times as fast with this, and by itself the same (docs/log/training-step.md). What the
    user has set stays.
    """
    if "OMP_WAIT_POLICY" not in environ:
        environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)


def resolve_precision(precision: str, device: torch.device) -> str:
    """The compute dtype: ``auto`` becomes bf16 where the processor or GPU computes in it (AMX, AVX-512 BF16, Ampere), else
    fp32."""
    import torch

    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return "bf16" if any(getattr(torch.cpu, name, lambda: False)() for name in checks) else "fp32"


def keep_freed_memory() -> bool:
    """Let glibc's allocator keep what is freed, for the rest of the process; False where there is no glibc.

    On a CPU a training step frees and allocates hundreds of MB; by default most of it goes to the kernel and comes back
    page by page, to be cleared again: a fifth of the time of a step of 64 pairs (docs/log/training-step.md).
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # musl, or no Linux
        return False
    return bool(
        mallopt(_MMAP_THRESHOLD, 32 << 20) and mallopt(_TRIM_THRESHOLD, 2**31 - 1) and mallopt(_TOP_PAD, 64 << 20)
    )
