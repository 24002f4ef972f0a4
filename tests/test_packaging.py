"""What the wheel holds is what the folders hold."""

from __future__ import annotations

import configparser
from pathlib import Path

from tests.test_layers import ROOMS

ROOT = Path(__file__).resolve().parent.parent


def test_setup_cfg_lists_every_package() -> None:
    # A subpackage that is not listed imports in a checkout and is missing from the wheel.
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {
        "clipseek." + ".".join(path.parent.relative_to(ROOT).parts)
        for room in ROOMS
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert listed == found


def test_each_room_has_a_link_for_type_checkers() -> None:
    links = {path.name: path for path in (ROOT / ".typing" / "clipseek").iterdir() if path.name != "__pycache__"}
    assert links.keys() == ROOMS.keys()
    assert all(path.resolve() == ROOT / name for name, path in links.items())
