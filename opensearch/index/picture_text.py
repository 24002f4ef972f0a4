"""The field of the words that were read in a picture, beside its caption: in an index only once they are read.

It is searched as the caption is, by the same analyzers; ``READ_BY`` keeps what read it (``TextReader.mark``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import opensearchpy

from ..server.templates import fill
from .version import Version

TEXT, READ_BY = "text", "text_by"


def declare_text(client: opensearchpy.OpenSearch, version: Version) -> Version:
    """``version`` with the fields; one that has them is left as it is."""
    if version.has_text:
        return version
    mapping: dict[str, Any] = client.indices.get_mapping(index=version.index)
    caption = mapping[version.index]["mappings"]["properties"]["caption"]
    client.indices.put_mapping(index=version.index, body=fill("text.json", as_caption=caption))
    return replace(version, has_text=True)
