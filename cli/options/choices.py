"""What options choose from, as the libraries have it.

Here and not read from clipseek.sources: --help imports nothing else. tests/unit/cli/test_options.py compares.
"""

from __future__ import annotations

LAYOUTS = (
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
)

CAPTIONS_FROM = ("auto", "sidecar", "embedded", "both", "none")
