"""Fetch and assemble the node's folder and print where it is: ``python -m clipseek.opensearch.node.assemble``. For images."""

from __future__ import annotations

import sys

from clipseek.opensearch.node.artifacts import Lock, assembled
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.service import locked


def main() -> None:
    paths = NodePaths.default()
    paths.cache.mkdir(parents=True, exist_ok=True)
    with locked(paths.jars_lock):
        print(assembled(Lock.shipped(), paths, lambda text: print(text, file=sys.stderr)))


if __name__ == "__main__":
    main()
