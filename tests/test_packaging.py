"""What the wheel holds is what the folders hold."""

from __future__ import annotations

import configparser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    "cli",
    "demo",
    "encoder",
    "evaluation",
    "mappings",
    "opensearch",
    "relevance",
    "sheets",
    "sources",
    "training",
)


def test_setup_cfg_lists_every_package() -> None:
    # A subpackage that is not listed imports in a checkout and is missing from the wheel.
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {
        "clipseek." + ".".join(path.parent.relative_to(ROOT).parts)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert listed == found
