"""Where what can be made again is kept."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path:
    """``$CLIPSEEK_CACHE``, else the cache folder that the platform gives this user. Makes nothing."""
    named = os.environ.get("CLIPSEEK_CACHE")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("clipseek")
