"""Memory that a step gives back is what the next one asks for: kept, it need not be mapped and cleared again."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

# malloc.h of glibc. Requests above the threshold are mapped for themselves and unmapped when freed; 32 MB is its ceiling.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> bool:
    """Tell glibc's allocator to hold on to what is freed, for the rest of the process; False where there is no glibc.

    On a CPU a training step frees and asks for hundreds of MB; by default most of it goes to the kernel and comes back
    page by page: a fifth of the time of a step of 64 pairs (docs/log/training-step.md).
    """
    mallopt = _glibc("mallopt")
    return mallopt is not None and bool(
        mallopt(_MMAP_THRESHOLD, 32 << 20) and mallopt(_TRIM_THRESHOLD, 2**31 - 1) and mallopt(_TOP_PAD, 64 << 20)
    )


def give_back_holes() -> bool:
    """Give the kernel the pages that are free inside glibc's heap; False where there is none to give, or no glibc.

    Between phases that ask for pieces of other sizes, so that the second does not come on top of what the first left:
    a tenth of a large batch's memory for 10 to 20 ms.
    """
    trim = _glibc("malloc_trim")
    return trim is not None and bool(trim(0))


def _glibc(name: str) -> Any:
    """Its function of that name; None where there is no glibc."""
    if sys.platform != "linux":
        return None
    try:
        return getattr(ctypes.CDLL("libc.so.6"), name)
    except (OSError, AttributeError):  # musl
        return None
