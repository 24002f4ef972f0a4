"""Where the embedded node keeps its files.

``$CLIPSEEK_DATA`` and ``$CLIPSEEK_CACHE`` name the folders; without them they are the user's own (platformdirs).
OpenSearch refuses to run as root, so root's node runs as a system user, who cannot look into ``/root``: root's folders
are the system's.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


def is_root() -> bool:
    """True where this process may become another user, and must."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


class NodePaths:
    """The node's folders and files: ``data`` and ``cache`` are clipseek's own, the node lives in ``node/`` of each."""

    def __init__(self, data: Path, cache: Path) -> None:
        self.data, self.cache = data, cache
        #: What one node is made of; removed by ``reset``.
        self.node = data / "node"
        #: Who runs, and where; written by ``start``, removed by ``stop``.
        self.state = self.node / "state.json"
        #: Held (flock) while a node is started, stopped or reset. Outside ``node/``, which ``reset`` removes.
        self.lock = data / "node.lock"
        #: What Java says before OpenSearch writes its log, and when it ends.
        self.started = self.node / "start.log"
        #: OpenSearch's ``path.data``; belongs to the user that the node runs as, like the two below.
        self.indices = self.node / "indices"
        #: OpenSearch's ``path.logs``, and in it what OpenSearch says.
        self.logs = self.node / "logs"
        self.log = self.logs / "node.log"
        #: Java's temporary folder, fresh at every start.
        self.scratch = self.node / "scratch"
        #: OpenSearch's ``path.conf``, fresh at every start.
        self.config = self.node / "config"
        #: Passwords of the closed node, and its certificates and their keys: this user's alone.
        self.credentials = self.node / "credentials.json"
        self.tls = self.node / "tls"
        self.authority = self.tls / "authority.pem"
        #: All that a node, an older one too, has written into its folder.
        self.own = [
            *(self.state, self.started, self.indices, self.logs, self.scratch, self.config),
            *(self.credentials, self.tls),
            *(self.node / "node.log", self.node / ".clipseek-node"),
        ]
        #: Artifacts and assembled nodes; removed by ``reset --all``.
        self.jars = cache / "node"
        #: Held while artifacts are fetched: nodes with other data folders may share the cache.
        self.jars_lock = cache / "node.lock"

    @classmethod
    def default(cls) -> NodePaths:
        """The folders that the environment and the platform name. Creates nothing."""
        return cls(_folder("data"), _folder("cache"))


def _folder(kind: Literal["data", "cache"]) -> Path:
    if named := os.environ.get(f"CLIPSEEK_{kind.upper()}"):
        return Path(named).expanduser().absolute()
    import platformdirs

    if is_root():
        return platformdirs.site_state_path("clipseek") if kind == "data" else platformdirs.site_cache_path("clipseek")
    return platformdirs.user_data_path("clipseek") if kind == "data" else platformdirs.user_cache_path("clipseek")
