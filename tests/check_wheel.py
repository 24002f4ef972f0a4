"""Is all of this checkout in the installed wheel? Run by the Python that the wheel was installed into, with ``-I``."""

from __future__ import annotations

import configparser
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Pictures and models of ``make demo``, which is run in a checkout.
DEMO_DATA = ROOT / "demo" / "data"
#: What the documentation imports from each package.
PUBLIC = {
    "clipseek.encoder": ("Bundle", "ClipEncoder"),
    "clipseek.evaluation": ("Judgments", "evaluate"),
    "clipseek.testing": ("ColourEncoder", "fake_server"),
    "clipseek.opensearch": ("Fusion", "Page", "Query", "Searcher", "connect"),
}


def main() -> int:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    packages = config["options"]["packages"].split()
    wrong: list[str] = []
    for name in packages:
        module = importlib.import_module(name)
        installed = Path(str(module.__file__)).parent
        if not installed.is_relative_to(sys.prefix):
            wrong.append(f"{name} was imported from {installed}, not from the wheel")
        folder = ROOT.joinpath(*name.split(".")[1:])
        wrong += [f"{name}: {missing} is not in the wheel" for missing in sorted(kept(folder) - kept(installed))]
    for name, public in PUBLIC.items():
        wrong += [f"{name} has no {one}" for one in public if not hasattr(importlib.import_module(name), one)]
    print("\n".join(wrong) or f"the wheel holds every sub-room: {len(packages)} packages")
    return 1 if wrong else 0


def kept(folder: Path) -> set[str]:
    """The files that a package needs, those in folders that are no packages included: code, and data that it reads."""
    packages = {path.parent for path in folder.rglob("__init__.py")} - {folder}
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.suffix in {".py", ".json", ".css", ".js", ".html", ".ndjson", ".svg", ".txt"}
        and packages.isdisjoint(path.parents)
        and not path.is_relative_to(DEMO_DATA)
    }


if __name__ == "__main__":
    sys.exit(main())
