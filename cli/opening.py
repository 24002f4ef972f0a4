"""What commands open from their options: the server, an encoder, pairs, and torch."""

from __future__ import annotations

import importlib.util
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options.common import ANY_DEVICE, DeviceOptions
from .options.gathering import named_options
from .terminal.output import count, duration, note
from .terminal.progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.encoder import Bundle, ClipEncoder
    from clipseek.encoder.bundle.bundle import ImageSpec
    from clipseek.export.models import Model
    from clipseek.opensearch.index.version import Version
    from clipseek.sources import Chosen, Record, Source
    from clipseek.training.data.pairs import Listing, Pairs

#: Skipped files of a source that are named.
LISTED = 20
#: A training on so many pictures decodes them as it goes.
STREAMED = 2000


def open_client(url: str | None, *, check: bool = True, timeout: float = 30.0) -> Any:
    """A client of the server at ``url``, else of this user's embedded node.

    Raises OpenSearchError where neither is there, and where ``check`` is set and the server does not answer.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported: nothing here multiplies matrices
    from clipseek.opensearch.server.address import address
    from clipseek.opensearch.server.client import connect, credentials_of

    if url and _shows_a_password(url) and os.environ.get("CLIPSEEK_URL") != url:
        note(
            "the password in the address can be seen by other users of this machine (ps); set CLIPSEEK_PASSWORD instead"
        )
    client = connect(server_url(url), timeout=timeout, check=check)
    credentials = credentials_of(client)
    note(f"server: {address(client)}" + (f", as {credentials}" if credentials else ""))
    return client


def _shows_a_password(url: str) -> bool:
    return "@" in url and ":" in url.rpartition("@")[0].rpartition("://")[2]


def server_url(url: str | None) -> str:
    """``url``, else the address of this user's node; never that of whoever else listens on this machine. Raises OpenSearchError."""
    from clipseek.opensearch.node.errors import NodeError
    from clipseek.opensearch.node.reach import running

    if url:
        return url
    node = running()
    if node is None:
        raise NodeError(
            "no server is named and no node of this user runs; start one with: clipseek node start, or name a server with --url or "
            "CLIPSEEK_URL"
        )
    return node.url


def open_index(index: str, url: str | None, *, timeout: float = 30.0) -> tuple[Any, Version]:
    """A client of the server, and the version behind the alias ``index``. Raises OpenSearchError where either is missing."""
    client = open_client(url, timeout=timeout)
    from clipseek.opensearch.index import versions

    return client, versions.current(client, index)


def open_encoder(bundle: Bundle, device: DeviceOptions = ANY_DEVICE, **limits: Any) -> ClipEncoder:
    """The encoder of ``bundle`` on ``device``; ``limits`` are further keywords of ClipEncoder."""
    from clipseek.encoder import ClipEncoder
    from clipseek.encoder.device.gpu import TensorRT
    from clipseek.files.cache import user_cache

    # In the environment, the cache may stand for all commands.
    cache_named = "tensorrt_cache" in named_options()
    if device.device != "tensorrt" and (cache_named or device.tensorrt_fp16):
        name = "--tensorrt-fp16" if device.tensorrt_fp16 else "--tensorrt-cache"
        raise click.UsageError(f"{name} goes with --device tensorrt, not with --device {device.device}")
    say_unlisted(bundle)
    tensorrt = None
    if device.device == "tensorrt":
        tensorrt = TensorRT(device.tensorrt_cache or user_cache() / "tensorrt", device.tensorrt_fp16)
    return ClipEncoder(
        bundle, device=device.device, device_megabytes=device.device_megabytes, tensorrt=tensorrt, **limits
    )


def say_unlisted(bundle: Bundle) -> None:
    """A note of what lies in the bundle's folder and is no part of it."""
    if bundle.unlisted:
        names = ", ".join(bundle.unlisted[:5]) + (", …" if len(bundle.unlisted) > 5 else "")
        note(f"{bundle.path}: not read, because the bundle's clipseek.json does not list it: {names}")


def encoder_of_index(
    model: str | Path | None,
    version: Version | None,
    device: DeviceOptions = ANY_DEVICE,
    *,
    verify: bool = False,
    **limits: Any,
) -> ClipEncoder:
    """The encoder of the bundle in folder ``model``, else of the one that filled the index; ``verify`` checks its hashes."""
    from clipseek.encoder import Bundle

    folder = model or (version.bundle if version is not None else None)
    if folder is None:
        raise click.UsageError(
            "the index does not say which bundle filled it; name it with --model BUNDLE (or CLIPSEEK_MODEL)"
            if version is not None
            else "a new index needs a model: name it with --model BUNDLE (or CLIPSEEK_MODEL); make one with: clipseek export-onnx "
            "CHECKPOINT BUNDLE"
        )
    if not model and version is not None:
        from clipseek.encoder.bundle.trust import check_trusted

        check_trusted(Path(folder), version.alias)
    return open_encoder(Bundle.load(Path(folder), verify=verify), device, **limits)


def open_model(name: str, device: DeviceOptions = ANY_DEVICE, precision: str = "auto") -> Model:
    """The bundle in the folder ``name`` on ``device``, else the checkpoint (folder or hub id), which computes in ``precision``."""
    from clipseek.encoder import Bundle
    from clipseek.export.models import Model, counter_of, counter_of_bundle, embed_with_bundle, is_bundle

    if is_bundle(name):
        encoder = open_encoder(Bundle.load(name, verify=True), device)
        bundle = encoder.bundle
        return Model(name, bundle.image, partial(embed_with_bundle, encoder), partial(counter_of_bundle, bundle))
    prepare_torch("a checkpoint")
    from clipseek.training.machine import resolve_precision
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.model.embed import embed_distinct

    checkpoint = load_checkpoint(name)
    resolved = resolve_precision(precision, checkpoint.model.device)
    embed = partial(embed_distinct, checkpoint, precision=resolved)
    return Model(name, checkpoint.image, embed, partial(counter_of, checkpoint))


def require(what: str, *names: str, extra: str) -> None:
    """Raises ClickException, ``what`` and the extra to install, where one of the packages ``names`` is missing."""
    if any(importlib.util.find_spec(name) is None for name in names):
        raise click.ClickException(f"{what}; try: pip install 'clipseek[{extra}]'")


def prepare_torch(what: str, *others: str) -> None:
    """To be called before anything imports torch. Raises ClickException where torch or one of ``others`` is not installed."""
    wanted = ("torch", *others)
    require(
        f"{what} needs {' and '.join(wanted)}, which {'are' if others else 'is'} not installed", *wanted, extra="train"
    )
    from clipseek.training.machine import spin_briefly

    spin_briefly()


def read_listed(source: Source, chosen: Chosen | None = None) -> list[Record]:
    """The records of a source, with its splits on stderr; no picture is opened."""
    from clipseek.sources import records_of

    chosen = chosen or source.chosen()
    records = list(records_of(chosen))
    if splits := chosen.line():
        note(splits)
    return records


def listed_pairs(source: Source) -> list[Record] | Listing:
    """The records of a source to train on; of many pictures the sizes too, before a model is loaded."""
    from clipseek.training.data.pairs import Listing

    records = read_listed(source)
    return records if len(records) < STREAMED or "WORLD_SIZE" in os.environ else Listing(records)


def training_pairs(source: Source, listed: list[Record] | Listing, image: ImageSpec, *, cache: bool) -> Pairs:
    """As ``read_pairs``; many pictures are decoded as training goes instead."""
    from clipseek.training.data.pairs import stream_pairs
    from clipseek.training.data.pixels import default_cache

    if isinstance(listed, list):
        return read_pairs(source, image, cache=cache, records=listed)
    pairs = stream_pairs(listed, image, cache=default_cache() if cache else None)
    note(f"{source.path}: {count(len(pairs), 'pair')}; pictures are decoded as training goes")
    return pairs


def read_pairs(
    source: Source,
    image: ImageSpec,
    *,
    cache: bool = True,
    records: list[Record] | None = None,
) -> Pairs:
    """Read and decode a source, with its splits, progress and the first skipped files on stderr.

    ``records``: the source's, where they were read.
    """
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.data.pixels import default_cache

    started = time.monotonic()
    records = read_listed(source) if records is None else records
    with ProgressLine(f"decoding {source.path}") as line:
        pairs = load_pairs(records, image, line.show, cache=default_cache() if cache else None)
    pictures = count(len(pairs.shown_pictures()[0]), "picture")
    note(f"{source.path}: {count(len(pairs), 'pair')}, {pictures}, in {duration(time.monotonic() - started)}")
    for name, reason in pairs.skipped[:LISTED]:
        note(f"  skipped {name}: {reason}")
    if len(pairs.skipped) > LISTED:
        note(f"  … and {len(pairs.skipped) - LISTED:,} more")
    return pairs
