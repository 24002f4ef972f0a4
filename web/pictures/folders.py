"""Which folders an index was built from, by the pictures that it names."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import opensearchpy
from clipseek.opensearch.index.image_uri import image_place
from clipseek.opensearch.server.pipelines import NO_PIPELINE

_LOOKED_AT = 10_000


def picture_folders(client: opensearchpy.OpenSearch, alias: str) -> list[Path]:
    """Folders of this machine that hold the pictures of the index, few and never all of a disk or a home folder.

    By the first 10,000 pictures and those whose URIs sort first and last.
    """
    folders: set[Path] = set()
    for size, order in ((_LOOKED_AT, "_doc"), (1, {"image_uri": "asc"}), (1, {"image_uri": "desc"})):
        answer = client.search(
            index=alias, body={**NO_PIPELINE, "size": size, "_source": ["image_uri"], "sort": [order]}
        )
        for hit in answer["hits"]["hits"]:
            place = image_place(str(hit["_source"].get("image_uri") or ""))
            if place is not None:
                folders.add(place.file.parent)
    return sorted(common_folders(folders))


def common_folders(folders: Iterable[Path]) -> list[Path]:
    """What ``folders`` have in common; where that is a whole disk or a home folder, what lies below it."""
    every = set(folders)
    if not every:
        return []
    common = Path(os.path.commonpath(every))
    home = Path.home()
    if common in every or not (home == common or home.is_relative_to(common)):
        return [common]
    below: dict[str, set[Path]] = defaultdict(set)
    for folder in every:
        below[folder.relative_to(common).parts[0]].add(folder)
    return [found for group in below.values() for found in common_folders(group)]
