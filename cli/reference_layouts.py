"""The table of docs/reference/layouts.md: every layout of a source, in the order of the list by which they are read and tested."""

from __future__ import annotations

import re

from clipseek.sources import LAYOUTS

_BLOCK = re.compile(r"(<!-- layouts, made by python -m clipseek.cli.reference -->\n).*?(<!-- end -->)", re.DOTALL)
#: By what each is recognised, and what it looks like.
ROWS: dict[str, tuple[str, str]] = {
    "folder": (
        "a folder that is none of the below",
        "pictures in any depth, with or without captions beside them (below)",
    ),
    "tsv": (
        "`.tsv`, `.tab`, `.txt`",
        "a header with the columns `image` and `caption`; a two-column file may do without the header, picture or"
        " caption first; line breaks inside quoted cells, as pandas writes them",
    ),
    "csv": (
        "`.csv`, and a `.tsv` or `.txt` whose header has commas, semicolons or bars",
        "RFC 4180; the separator by which the header has the column `image`; quotes inside a cell written twice, "
        "or with a backslash",
    ),
    "jsonl": (
        "`.jsonl`, `.ndjson`",
        "one JSON object a line",
    ),
    "parquet": (
        "`.parquet`",
        "a column with each picture's path, its bytes (`image`, or `jpg`, `png`, `webp`), or the address that it "
        "came from (`url`, `URL`, with `caption` or `TEXT`) whose file is here; of a folder, all tables in it or "
        "in its `data`, as they lie on the Hugging Face hub; needs `pip install 'clipseek[parquet]'`",
    ),
    "json": (
        "`.json`, `dataset.json` or `dataset_*.json` in a folder",
        "a list of objects, as BLIP and pandas write it; the JSON of RSICD, UCM, Sydney captions, and of "
        "Karpathy's splits of COCO and Flickr",
    ),
    "webdataset": (
        "`.tar`, `.tar.gz`, `.tgz`, `.tar.bz2`, `.tar.xz`, `.tar.zst`, a folder of them, or a pattern such as "
        "`pairs-{000..127}.tar`",
        "shards, read in place; compressed ones are unpacked into the cache once",
    ),
    "imageclef": (
        "its folders",
        "ImageCLEF 2017, caption prediction",
    ),
    "roco": (
        "its captions files",
        "ROCO version 1 and 2 (radiology)",
    ),
    "imagefolder": (
        "`metadata.jsonl`, `.csv` or `.parquet` with the column `file_name`, or one that ends so "
        "(`image_file_name`; of several, `--image-column` names one), in the folder or one in it",
        "Hugging Face's ImageFolder; captions in `caption`, `text` or `description`; the folders `train`, "
        "`validation` and `test` are the metadata `split`",
    ),
    "flickr": (
        "`captions.txt`, `results.csv`, `Flickr8k.token.txt` or `results_20130124.token`, by its first line; "
        "`flickr_annotations_30k.csv`, and any `.csv` with the columns `raw`, `sentids` and `filename`, as on the"
        " hub",
        "Flickr8k, Flickr30k",
    ),
    "coco": (
        "`annotations/captions_*.json`, or another JSON with `captions` in its name that is laid out so",
        "COCO captions, with the metadata `split` where the name says it",
    ),
    "paths": (
        "`-`",
        "paths of pictures on stdin, one a line or ended by zero bytes (`find -print0`), with the sidecars beside them",
    ),
    "img2dataset": (
        "`00000.parquet` beside `00000.tar`, its folder, or `00000_stats.json`",
        "its shards as files, tar or Parquet; rows that were not downloaded are listed with their status",
    ),
    "saved": (
        "`state.json` with `dataset_info.json`, or `dataset_dict.json`",
        "what `datasets` saves to disk; its splits are the metadata `split`",
    ),
    "hub": (
        "`hub:owner/name` or `hub:owner/name:split`",
        "a data set of the Hugging Face hub; needs `datasets`",
    ),
}


def layouts_page(text: str) -> str:
    """The page with its table as it should be. Raises ValueError where it has no place for one, or a layout has no row."""
    if lacking := set(LAYOUTS) - {"auto"} ^ ROWS.keys():
        raise ValueError(f"rows and layouts differ: {', '.join(sorted(lacking))}")
    lines = ["| layout | recognised by | what it looks like |", "|---|---|---|"]
    lines += [f"| `{name}` | {' | '.join(ROWS[name])} |" for name in LAYOUTS if name != "auto"]
    fresh, count = _BLOCK.subn(lambda match: match[1] + "\n".join(lines) + "\n" + match[2], text)
    if count != 1:
        raise ValueError(f"the page has {count} blocks <!-- layouts, … --> … <!-- end -->, expected 1")
    return fresh
