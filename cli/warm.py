"""The text model loads while the client connects: onnxruntime loads it without holding Python's lock.

Which bundle an index names is only known once the server has answered, so that the last answer is remembered. It is a guess: the
server's own word decides which model is used, and another's is dropped.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Any

_KEPT = 50


class WarmModels:
    """Bundles that indexes named, by server and index, in one small file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def default(cls) -> WarmModels:
        from clipseek.opensearch.node.paths import NodePaths

        return cls(NodePaths.default().cache / "models.json")

    def bundle(self, url: str, index: str) -> str | None:
        """The bundle's folder, or ``None`` where none is remembered."""
        found = self._read().get(_key(url, index))
        return found if isinstance(found, str) else None

    def remember(self, url: str, index: str, bundle: str) -> None:
        """A folder that cannot be written to costs the quick start, nothing else."""
        known = self._read()
        if known.get(_key(url, index)) == bundle:
            return
        known.pop(_key(url, index), None)
        kept = dict([*known.items(), (_key(url, index), bundle)][-_KEPT:])
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(kept), "utf-8")
            part.replace(self._path)

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _key(url: str, index: str) -> str:
    # Without user and password: they are nobody's business here.
    return f"{url.rpartition('@')[2]} {index}"


def load_beside(folder: str, device: str) -> Any:
    """An encoder whose text tower loads in a thread; ``None`` where the folder holds no bundle. Never raises."""
    from clipseek.encoder import Bundle, ClipEncoder, EncoderError

    try:
        encoder = ClipEncoder(Bundle.load(Path(folder)), device=device)  # type: ignore[arg-type]
    except EncoderError:
        return None

    def load() -> None:
        # Whoever encodes meets the same error again, and tells it.
        with contextlib.suppress(Exception):
            encoder.active_device()

    threading.Thread(target=load, daemon=True).start()
    return encoder
