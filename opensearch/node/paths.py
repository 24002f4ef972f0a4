"""Where the embedded node keeps its files.

``$CLIPSEEK_DATA`` and ``$CLIPSEEK_CACHE`` name the folders; without them they are the user's own (platformdirs).
OpenSearch refuses to run as root, so root's node runs as another user, who cannot look into ``/root``: root's folders
are the system's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def is_root() -> bool:
    """True where this process may become another user, and must."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _folder(variable: str, environ: Mapping[str, str], kind: str) -> Path:
    """The folder named by ``variable``, else the platform's; ``kind`` is ``data`` or ``cache``."""
    named = environ.get(variable)
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    if is_root():
        return platformdirs.site_state_path("clipseek") if kind == "data" else platformdirs.site_cache_path("clipseek")
    return platformdirs.user_data_path("clipseek") if kind == "data" else platformdirs.user_cache_path("clipseek")


@dataclass(frozen=True)
class NodePaths:
    """The node's folders and files: ``data`` and ``cache`` are clipseek's own, the node lives in ``node/`` of each."""

    data: Path
    cache: Path

    @classmethod
    def default(cls, environ: Mapping[str, str] | None = None) -> NodePaths:
        """The folders that the environment (``os.environ`` by default) and the platform name. Creates nothing."""
        environ = os.environ if environ is None else environ
        return cls(_folder("CLIPSEEK_DATA", environ, "data"), _folder("CLIPSEEK_CACHE", environ, "cache"))

    @property
    def node(self) -> Path:
        """What one node is made of; removed by ``reset``."""
        return self.data / "node"

    @property
    def state(self) -> Path:
        """Who runs, and where; written by ``start``, removed by ``stop``."""
        return self.node / "state.json"

    @property
    def lock(self) -> Path:
        """Held (flock) while a node is started, stopped or reset. Outside ``node/``, which ``reset`` removes."""
        return self.data / "node.lock"

    @property
    def log(self) -> Path:
        """What OpenSearch says."""
        return self.node / "node.log"

    @property
    def indices(self) -> Path:
        """OpenSearch's ``path.data``; belongs to the user that the node runs as, like the two below."""
        return self.node / "indices"

    @property
    def config(self) -> Path:
        """OpenSearch's ``path.conf``, written at every start."""
        return self.node / "config"

    @property
    def scratch(self) -> Path:
        """Java's temporary folder and OpenSearch's ``path.logs``."""
        return self.node / "scratch"

    @property
    def jars(self) -> Path:
        """Artifacts and assembled nodes; removed by ``reset --all``."""
        return self.cache / "node"

    @property
    def jars_lock(self) -> Path:
        """Held while artifacts are fetched: nodes with other data folders may share the cache."""
        return self.cache / "node.lock"
