"""Fetch and assemble the node's folder and print where it is: ``python -m clipseek.opensearch.node.assemble``. For images."""

from __future__ import annotations

import sys

from .artifacts import Lock, assembled
from .paths import NodePaths

if __name__ == "__main__":
    print(assembled(Lock.shipped(), NodePaths.default(), lambda text: print(text, file=sys.stderr)))
