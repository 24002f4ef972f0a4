"""Fetch and assemble a closed node's folder and print where it is, for images: ``python -m
clipseek.opensearch.node.assemble CONFIG``.

CONFIG is a new folder for the node's certificates and its security plugin's first content. It becomes part of the image, its keys
included: good for tests alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .artifacts import Lock, assembled
from .closed.certificates import make_certificates
from .closed.closing import security_settings, write_security
from .paths import NodePaths


def write_configuration(folder: Path) -> None:
    """Into ``folder``: ``security.yml`` for the end of opensearch.yml, the files that it names, and the authority's certificate as
    the official image has it.
    """
    paths = NodePaths(folder.parent, folder.parent)
    paths.config.mkdir(parents=True)
    make_certificates(paths)
    write_security(paths, None)
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in security_settings().items())
    (paths.config / "security.yml").write_text(lines, "utf-8")
    (paths.config / "root-ca.pem").write_text(paths.authority.read_text("ascii"), "ascii")
    paths.config.rename(folder)


if __name__ == "__main__":
    write_configuration(Path(sys.argv[1]))
    print(assembled(Lock.shipped(closed=True), NodePaths.default(), lambda text: print(text, file=sys.stderr)))
