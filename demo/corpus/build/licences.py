"""Who drew what ships, and under which licence."""

from __future__ import annotations

import json
from pathlib import Path

PERMISSIVE = {"Apache-2.0", "MIT", "ISC", "CC0-1.0", "CC-BY-4.0", "CC-BY-3.0", "BSD-3-Clause", "Unlicense"}


def write_licences(sets: set[str], collections: Path, path: Path) -> None:
    """A table of the sets used. Raises ValueError for a set whose licence is not permissive."""
    facts = json.loads(collections.read_text("utf-8"))
    rows = []
    for name in sorted(sets):
        if name == "openclipart":
            rows.append(
                "| openclipart | Open Clip Art Library (Debian's openclipart-svg) | its many authors | public domain |"
            )
            continue
        licence = facts[name]["license"]
        if licence.get("spdx") not in PERMISSIVE:
            raise ValueError(f"{name} is under {licence}: not permissive, leave it out")
        author = facts[name]["author"]
        rows.append(
            f"| {name} | {facts[name]['name']} | {author['name']} <{author.get('url', '')}> | "
            f"{licence['spdx']} <{licence.get('url', '')}> |"
        )
    path.write_text(
        "# Pictures shipped with the demo\n\n"
        "Every drawing was taken from the package @iconify/json 2.2.535 or Debian's openclipart-svg; numbers were shortened, names\n"
        "turned into titles, tags added from @tabler/icons (MIT), lucide-static (ISC), @mdi/svg (Apache-2.0) and emojibase-data (MIT).\n"
        "Trademarks in logo sets belong to their owners.\n\n"
        "| set | name | author | licence |\n|---|---|---|---|\n" + "\n".join(rows) + "\n",
        "utf-8",
    )
