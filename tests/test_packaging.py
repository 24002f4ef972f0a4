"""What the wheel holds is what the folders hold."""

from __future__ import annotations

import configparser
from importlib.metadata import metadata, requires
from pathlib import Path

from packaging.requirements import Requirement

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


def test_nothing_in_the_extras_formats_and_ocr_is_under_gpl() -> None:
    waiting, seen = _required("clipseek", "formats") | _required("clipseek", "ocr"), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        words = metadata(name)
        said = [*(words.get_all("License-Expression") or []), *(words.get_all("Classifier") or [])]
        licences = " ".join(line for line in said if "LGPL" not in line and "Lesser" not in line)
        assert "GPL" not in licences, name
        waiting |= _required(name)
    assert {"pi-heif", "pydicom", "tifffile", "rawpy", "rapidocr", "opencv-python-headless"} <= seen


def _required(name: str, extra: str = "") -> set[str]:
    """What is installed of what a package requires, for ``extra`` or without any."""
    found = set()
    for line in requires(name) or []:
        required = Requirement(line)
        asked = required.marker is None or required.marker.evaluate({"extra": extra})
        if asked and (not extra or "extra" in str(required.marker)):
            found.add(required.name.lower())
    return found
