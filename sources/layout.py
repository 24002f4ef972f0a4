"""Which layout a source has: the one that was named, else by what it is and how it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias, get_args

from .data_sets.coco import coco_tables, is_coco
from .data_sets.flickr import flickr_tables, is_flickr_table
from .data_sets.hub import is_hub
from .data_sets.imageclef import is_imageclef
from .data_sets.imagefolder import imagefolder_tables, is_imagefolder_table
from .data_sets.img2dataset import tables_of_shards
from .data_sets.karpathy import is_karpathy_table, karpathy_tables, load_json
from .data_sets.parquet_folder import parquet_tables
from .data_sets.roco import is_roco
from .data_sets.saved import is_saved
from .errors import SourceError, SourceNotFound, UnknownLayout
from .fields import Columns
from .folders.folder import is_image_name
from .folders.stdin import is_stdin
from .record import shown
from .tars.webdataset import is_tar_name, is_webdataset

Layout: TypeAlias = Literal[
    "auto",
    "folder",
    "tsv",
    "csv",
    "jsonl",
    "json",
    "parquet",
    "webdataset",
    "imageclef",
    "roco",
    "hub",
    "paths",
    "imagefolder",
    "flickr",
    "coco",
    "img2dataset",
    "saved",
]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
_FOLDERS = ("folder", "imageclef", "roco", "img2dataset", "saved")
_FROM_PIPES = ("tsv", "csv", "jsonl")
_EITHER = ("webdataset", "imagefolder", "flickr", "coco", "json", "parquet")
_DATA_SETS: dict[str, str] = {
    "imagefolder": "an ImageFolder (metadata.jsonl, .csv or .parquet with file_name)",
    "flickr": "Flickr8k or Flickr30k (captions.txt, results.csv or a token file)",
    "coco": "COCO captions (annotations/captions_*.json)",
    "karpathy": "captions as Karpathy's splits, RSICD and UCM have them (dataset.json)",
    "imageclef": "ImageCLEF 2017, caption prediction",
    "roco": "ROCO",
    "img2dataset": "img2dataset's shards (00000.parquet beside 00000.tar, its folder, or 00000_stats.json)",
    "saved": "a data set that datasets saved to disk (state.json, dataset_info.json)",
}

_BY_SUFFIX: dict[str, Layout] = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".tar": "webdataset",
}


def layout_of(source: Path, layout: Layout) -> Layout:
    """The layout to read ``source`` with: the given one, else by what it is and how it is named."""
    if layout not in LAYOUTS:
        raise UnknownLayout(f"layout {layout!r} is not known; choose one of {', '.join(LAYOUTS)}")
    if layout in ("auto", "hub") and is_hub(source):
        return "hub"
    if layout in ("auto", "paths") and is_stdin(source):
        return "paths"
    try:
        exists, is_folder = source.exists(), source.is_dir()
    except (OSError, ValueError) as problem:
        raise SourceNotFound(f"{shown(source)} cannot be read: {problem}") from None
    if not exists and layout in ("auto", "webdataset") and "{" in source.name and is_tar_name(source):
        return "webdataset"
    if not exists:
        raise SourceNotFound(
            f"{shown(source)} is not there; name a folder of pictures or a manifest (TSV, CSV, JSONL, Parquet)"
        )
    if layout == "auto":
        if is_folder:
            if is_imageclef(source):
                return "imageclef"
            if is_roco(source):
                return "roco"
            if is_saved(source):
                return "saved"
            if tables_of_shards(source):
                return "img2dataset"
            if imagefolder_tables(source):
                return "imagefolder"
            if coco_tables(source):
                return "coco"
            if flickr_tables(source):
                return "flickr"
            if karpathy_tables(source):
                return "json"
            if parquet_tables(source, Columns()):
                return "parquet"
            return "webdataset" if is_webdataset(source) else "folder"
        if is_imagefolder_table(source):
            return "imagefolder"
        if is_flickr_table(source):
            return "flickr"
        if (by_suffix := _BY_SUFFIX.get(source.suffix.lower())) is not None:
            return by_suffix if not source.is_fifo() else layout_of(source, by_suffix)
        if is_tar_name(source):
            return "webdataset"
        if is_image_name(source):
            raise UnknownLayout(f"{shown(source)} is a picture; name its folder, or a manifest that lists it")
        raise UnknownLayout(
            f"{shown(source)} has no suffix of a manifest (.tsv, .csv, .jsonl, .json, .parquet, .tar); say what it is "
            "with --layout tsv, csv or jsonl"
        )
    if source.is_fifo() and layout not in _FROM_PIPES:
        raise SourceError(
            f"{shown(source)} is a pipe, from which --layout {layout} does not read; give a file, or JSON lines"
        )
    if is_folder != (layout in _FOLDERS) and layout not in _EITHER:
        what = "a folder" if is_folder else "a file"
        raise SourceError(f"{shown(source)} is {what}, which --layout {layout} does not read; leave --layout out")
    return layout


def recognised(source: Path) -> str | None:
    """The data set that ``source`` is recognised as without options, in words; None for plain folders and manifests, and where it
    cannot be read."""
    try:
        chosen = layout_of(source, "auto")
        if chosen == "parquet" and source.is_dir():
            return "a folder of Parquet tables, as on the Hugging Face hub and of LAION"
        if chosen != "json":
            return _DATA_SETS.get(chosen)
        if source.is_dir() or is_karpathy_table(source):
            return _DATA_SETS["karpathy"]
        return _DATA_SETS["coco"] if is_coco(load_json(source)) else None
    except (SourceError, OSError):
        return None
