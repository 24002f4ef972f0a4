"""Which arithmetic this machine is quick in."""

from __future__ import annotations

import torch


def resolve_precision(asked: str, device: torch.device) -> str:
    """``auto`` becomes bf16 where the processor or GPU computes in it (AMX, AVX-512 BF16, Ampere), else fp32."""
    if asked != "auto":
        return asked
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return "bf16" if any(getattr(torch.cpu, name, lambda: False)() for name in checks) else "fp32"
