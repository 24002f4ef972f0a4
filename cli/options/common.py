"""Options that several commands share, each a decorator; those that belong together reach the command as one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..terminal.output import note
from .captions import CAPTION_OPTIONS
from .choices import LAYOUTS
from .gathering import Command, gathered
from .paths import FilePath

if TYPE_CHECKING:
    from clipseek.encoder.device.session import Device
    from clipseek.sources import Source

url_option = click.option(
    "--url",
    envvar="CLIPSEEK_URL",
    metavar="URL",
    help="OpenSearch server.  [default: this user's embedded node]",
)
index_option = click.option(
    "--index",
    default="clipseek",
    envvar="CLIPSEEK_INDEX",
    show_default=True,
    metavar="NAME",
    help="Alias of the index.",
)
model_option = click.option(
    "--model",
    envvar="CLIPSEEK_MODEL",
    type=FilePath(path_type=Path),
    metavar="BUNDLE",
    help="Bundle folder.  [default: the bundle that filled the index]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
html_option = click.option(
    "--html",
    "sheet",
    type=FilePath(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write an HTML page with the pictures.",
)
no_cache_option = click.option(
    "--no-cache", is_flag=True, help="Keep decoded pictures in memory instead of caching them on disk."
)


def indexes_option(help: str) -> Callable[[Command], Command]:
    """``--index``, of a command that serves several."""
    return click.option(
        "--index",
        "indexes",
        multiple=True,
        envvar="CLIPSEEK_INDEX",
        metavar="NAME",
        help=f"{help}  [default: every index]",
    )


def column_option(name: str, help: str, default: str | None = None) -> Callable[[Command], Command]:
    """``--NAME-column``: which column of a manifest holds what."""
    return click.option(
        f"--{name}-column", default=default or name, show_default=True, metavar="NAME", help=f"Column with {help}."
    )


group_column_option = column_option("group", "the group (concept, patient, ...); pairs of a group match each other")
query_column_option = column_option("query", "the words to search with", default="caption")


def _separator(context: click.Context, parameter: click.Parameter, value: str) -> str:
    sign = {"tab": "\t", "\\t": "\t"}.get(value, value)
    if len(sign) > 1:
        raise click.BadParameter(f"{value!r} is no one sign; give one like ';', or tab")
    return sign


#: Which files of SOURCE are read, and as what.
_FILES = (
    click.option(
        "--layout",
        type=click.Choice(LAYOUTS),
        metavar="NAME",
        default="auto",
        show_default=True,
        help="Layout of SOURCE: folder, tsv, csv, jsonl, json (RSICD, UCM), parquet, webdataset (tar shards), imageclef, roco, "
        "hub (hub:owner/name), paths (- for stdin), imagefolder, flickr, coco, img2dataset or saved (datasets' save_to_disk); "
        "auto detects it.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave out these files and folders of the folder SOURCE: 'previews/', '*_thumb.jpg', 'a/**/*.png'. Repeatable.",
    ),
    click.option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help="Take only these files and folders of the folder SOURCE. Repeatable.",
    ),
)
#: How a manifest is written.
_MANIFEST = (
    click.option(
        "--images",
        type=FilePath(path_type=Path),
        metavar="FOLDER",
        help="Folder to which the paths of a manifest are relative.  [default: the manifest's]",
    ),
    click.option(
        "--encoding",
        default="",
        metavar="NAME",
        help="Encoding of a manifest, like cp1251 or gbk.  [default: found out]",
    ),
    click.option(
        "--separator",
        default="",
        metavar="SIGN",
        callback=_separator,
        help="What stands between the cells of a manifest: , ; | or tab.  [default: found out]",
    ),
)


def source_options(
    last_column: Callable[[Any], Any], *otherwise: str, required: bool = True
) -> Callable[[Command], Command]:
    """The argument SOURCE and how it is read; the command gets ``source``, a Source.

    ``required``: else ``source`` may be None. ``otherwise``: the splits to take, the first that is there, where the user names
    none and the source knows its splits.
    """
    default = f"{', else '.join(otherwise)}, where SOURCE has splits" if otherwise else "all"
    return gathered(
        "source",
        partial(_source, otherwise),
        click.argument("source", type=click.Path(path_type=Path), required=required),
        *_FILES,
        *CAPTION_OPTIONS,
        *_MANIFEST,
        column_option("image", "the picture's path"),
        column_option("caption", "the caption"),
        last_column,
        click.option(
            "--split",
            metavar="NAME[,NAME]",
            help=f"Splits of SOURCE to read, as its column split or its layout names them, or all.  [default: {default}]",
        ),
    )


def _source(
    otherwise: tuple[str, ...], source: Path | None, split: str | None, dicom_tags: str, **reading: Any
) -> Source | None:
    if source is None:
        return None
    from clipseek.sources import Source, Splits

    tags = tuple(filter(None, map(str.strip, dicom_tags.split(","))))
    made = Source(source, **reading, splits=Splits(split_names(split), otherwise), dicom_tags=tags)
    if what := made.recognised:
        note(f"{source}: recognised as {what}; --layout chooses another")
    for line in made.doubts():
        note(f"{source}: {line}")
    return made


def split_names(text: str | None, option: str = "--split") -> tuple[str, ...]:
    """``train,test`` -> its names; none where the option was not given."""
    names = tuple(filter(None, map(str.strip, (text or "").split(","))))
    if text is not None and not names:
        raise click.UsageError(f"{option} names no split; give one or several, as in {option} train,validation")
    return names


pair_options = source_options(group_column_option)
train_pair_options = source_options(group_column_option, "train")
held_out_pair_options = source_options(group_column_option, "test", "validation")
picture_options = source_options(column_option("id", "your own id of the picture"), required=False)


@dataclass(frozen=True)
class DeviceOptions:
    """Where a bundle runs."""

    device: Device = "auto"
    device_megabytes: int | None = None
    tensorrt_cache: Path | None = None
    tensorrt_fp16: bool = False


ANY_DEVICE = DeviceOptions()

#: The command gets ``device``, a DeviceOptions.
device_options = gathered(
    "device",
    DeviceOptions,
    click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda", "tensorrt"]),
        default="auto",
        show_default=True,
        help="Device that runs the model; auto is a GPU with CUDA where that works, else the CPU. tensorrt is experimental.",
    ),
    click.option("--device-megabytes", type=click.IntRange(1), metavar="N", help="Limit of GPU memory, in megabytes."),
    click.option(
        "--tensorrt-cache",
        type=FilePath(file_okay=False, path_type=Path),
        envvar="CLIPSEEK_TENSORRT_CACHE",
        metavar="FOLDER",
        help="Folder for the engines that TensorRT builds.  [default: the user's cache folder]",
    ),
    click.option("--tensorrt-fp16", is_flag=True, help="Let TensorRT compute in fp16: faster, but the vectors change."),
)
