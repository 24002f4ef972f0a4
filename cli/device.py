"""``--device`` and what belongs to it: the same for every command that runs a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from clipseek.encoder import Bundle, ClipEncoder

Command = TypeVar("Command", bound=Callable[..., Any])

NAMES = ("device", "device_megabytes", "tensorrt_cache", "tensorrt_fp16")


def device_options(command: Command) -> Command:
    """Add the options that ``encoder_on`` reads."""
    for option in reversed(
        [
            click.option(
                "--device",
                type=click.Choice(["auto", "cpu", "cuda", "tensorrt"]),
                default="auto",
                show_default=True,
                help="Where the model runs. auto: on a GPU by CUDA if that works, else on the CPU.",
            ),
            click.option("--device-megabytes", type=click.IntRange(1), help="At most so much of a GPU's memory."),
            click.option(
                "--tensorrt-cache",
                type=click.Path(file_okay=False, path_type=Path),
                envvar="CLIPSEEK_TENSORRT_CACHE",
                help="Where tensorrt keeps the engines that it builds.  [default: the user's cache folder]",
            ),
            click.option("--tensorrt-fp16", is_flag=True, help="Let tensorrt compute in fp16: faster, other vectors."),
        ]
    ):
        command = option(command)
    return command


def encoder_on(bundle: Bundle, given: Mapping[str, Any], **more: Any) -> ClipEncoder:
    """The encoder of ``bundle`` on the device that the options ask for; ``device`` has to be among them."""
    from clipseek.encoder import ClipEncoder
    from clipseek.encoder.run.gpu import TensorRT

    device, cache, fp16 = given["device"], given.get("tensorrt_cache"), bool(given.get("tensorrt_fp16"))
    if device != "tensorrt" and (_cache_named() or fp16):
        name = "--tensorrt-fp16" if fp16 else "--tensorrt-cache"
        raise click.UsageError(f"{name} goes with --device tensorrt, not with --device {device}")
    tensorrt = None
    if device == "tensorrt":
        tensorrt = TensorRT(cache or _default_cache(), fp16)
    return ClipEncoder(bundle, device=device, device_megabytes=given.get("device_megabytes"), tensorrt=tensorrt, **more)


def _cache_named() -> bool:
    """Whether --tensorrt-cache stands on the command line; in the environment it may stand for all commands."""
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source("tensorrt_cache") if context else None
    return source is click.core.ParameterSource.COMMANDLINE


def _default_cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("clipseek") / "tensorrt"
