"""Each layout's reader, and which rows of it become one record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from clipseek.files.cache import user_cache

from .data_sets.captioned_folder import merged_rows, read_captioned
from .data_sets.coco import coco_records, coco_tables, is_coco, read_coco
from .data_sets.flickr import flickr_files, read_flickr
from .data_sets.hub import read_hub
from .data_sets.imageclef import read_imageclef
from .data_sets.imagefolder import imagefolder_tables, read_imagefolder
from .data_sets.img2dataset import read_img2dataset
from .data_sets.karpathy import karpathy_tables, load_json, read_karpathy, read_karpathy_tables
from .data_sets.parquet_folder import read_parquet_folder
from .data_sets.roco import read_roco
from .data_sets.saved import read_saved
from .entries import merged
from .fields import Columns
from .folders.folder import read_folder
from .folders.selection import Selection
from .folders.stdin import read_paths
from .layout import Layout
from .manifests.manifest import read_objects
from .manifests.readers import MANIFESTS
from .record import Record, Skipped
from .splits import Splits
from .tars.webdataset import read_webdataset


def entries_of(
    path: Path, chosen: Layout, columns: Columns, selection: Selection, splits: Splits
) -> Iterator[Record | Skipped]:
    """The entries of ``path`` in the layout ``chosen``; of a plain folder those of ``selection``, of the hub of ``splits``."""
    if chosen == "folder":
        return read_folder(path, columns, selection)
    if chosen == "webdataset":
        return read_webdataset(path, columns)
    if chosen == "paths":
        return read_paths(columns)
    if chosen == "hub":
        return read_hub(path, columns, user_cache(), splits)
    if chosen == "imageclef":
        return merged(read_imageclef(path))
    if chosen == "roco":
        return merged(read_roco(path))
    if chosen == "json" and path.is_dir():
        return _with_tables(path, read_karpathy_tables(path), karpathy_tables, columns, selection)
    if chosen == "json":
        content = load_json(path)
        if isinstance(content, list) and content and isinstance(content[0], dict):
            return merged(read_objects(path, content, columns))
        return coco_records(path, content) if is_coco(content) else merged(read_karpathy(path, content))
    if chosen == "imagefolder":
        return _with_tables(path, read_imagefolder(path, columns), imagefolder_tables, columns, selection)
    if chosen == "flickr":
        return _with_tables(path, read_flickr(path), flickr_files, columns, selection)
    if chosen == "coco":
        return _with_tables(path, read_coco(path), coco_tables, columns, selection)
    if chosen == "parquet" and path.is_dir():
        return merged(read_parquet_folder(path, columns, selection))
    if chosen == "img2dataset":
        return read_img2dataset(path, columns, selection)
    if chosen == "saved":
        return merged(read_saved(path, columns))
    return merged(MANIFESTS[chosen](path, columns))


def _with_tables(
    path: Path,
    rows: Iterator[Record | Skipped],
    tables: Callable[[Path], list[Path]],
    columns: Columns,
    selection: Selection,
) -> Iterator[Record | Skipped]:
    """The rows alone where a table was named, else all of the folder."""
    if path.is_dir():
        return read_captioned(path, rows, tables(path), columns, selection)
    return merged_rows(rows)
