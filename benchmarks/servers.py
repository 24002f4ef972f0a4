"""A server for a benchmark, named or started for it and stopped afterwards; and an index of shipped icons."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch


def add_url(parser: argparse.ArgumentParser) -> None:
    """``--url`` of a server."""
    parser.add_argument(
        "--url", default=os.environ.get("OPENSEARCH_URL"), help="server; without it an embedded node is started"
    )


@contextmanager
def server(url: str | None, *, ml: bool = False, heap: str | None = "1g") -> Iterator[str]:
    """``url``, or the address of a node, with ``ml`` one that has ml-commons, which is stopped and removed afterwards; ``heap`` is
    the node's, ``None`` its own choice. For that long it is this user's node: another one that died at the same address is not
    asked after.
    """
    if url:
        yield url
        return
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import start, stop

    # Started as root the node runs as another user, who has to get there.
    folder = Path(tempfile.mkdtemp(prefix="clipseek-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    paths = NodePaths(folder, NodePaths.default().cache)
    try:
        with patch.dict(os.environ, CLIPSEEK_DATA=str(folder)):
            yield start(paths, heap=heap, ml=ml, closed=False).url
    finally:
        stop(paths)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def icons_index(client: Any, icons: int | Sequence[Any]) -> Iterator[tuple[Any, Any, list[str]]]:
    """(version, encoder, captions) of an index of the ``icons``, or of the first so many that ship, by the shipped bundle;
    removed at the end.
    """
    from checkpoints import DEMO_BUNDLE
    from clipseek.demo.corpus.render import draw
    from clipseek.demo.corpus.shipped import read_corpus
    from clipseek.encoder import Bundle, ClipEncoder
    from clipseek.opensearch.index import versions
    from clipseek.opensearch.index.inventory import delete_index
    from clipseek.opensearch.ingest.run import ingest
    from clipseek.sources import Record

    items = read_corpus("domain")[:icons] if isinstance(icons, int) else icons
    encoder = ClipEncoder(Bundle.load(DEMO_BUNDLE), device="cpu")
    alias = f"bench-icons-{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder:
        records = []
        for number, item in enumerate(items):
            path = Path(folder, f"{number:05}.png")
            path.write_bytes(draw(item.svg))
            records.append(Record(id=item.id, image=path, captions=(item.caption,), group=item.concept))
        try:
            ingest(client, alias, encoder, records)
            version = versions.current(client, alias)
            yield version, encoder, [item.caption for item in items]
        finally:
            if versions.find(client, alias):
                delete_index(client, alias)
