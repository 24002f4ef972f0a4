"""The shipped file of saved objects, for the demo's index; ``python -m clipseek.opensearch.dashboards.shipped`` writes it."""

from __future__ import annotations

from pathlib import Path

import clipseek.mappings

from .saved_objects import Boards, Corpus, ndjson

PATH = Path(clipseek.mappings.__path__[0], "dashboards", "boards.ndjson")
BOARDS = Boards((Corpus("demo-icons", ("set", "split")),))

if __name__ == "__main__":
    PATH.write_text(ndjson(BOARDS.objects()), "utf-8")
