"""Which arithmetic this machine is quick in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


def resolve_precision(asked: str, device: torch.device) -> str:
    """``auto`` becomes bf16 where the processor or GPU computes in it (AMX, AVX-512 BF16, Ampere), else fp32."""
    if asked != "auto":
        return asked
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return "bf16" if any(getattr(torch.cpu, name, lambda: False)() for name in checks) else "fp32"


@contextlib.contextmanager
def autocast(device: torch.device, precision: str) -> Iterator[None]:
    """Matrix products in bf16 where ``precision`` says so; weights and sums stay fp32."""
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        yield
