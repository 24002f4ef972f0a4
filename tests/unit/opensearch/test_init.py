from __future__ import annotations

import subprocess
import sys


def test_the_public_names_are_late_and_the_right_ones() -> None:
    code = (
        "import sys, clipseek.opensearch as room\n"
        "assert not {'numpy', 'opensearchpy'} & set(sys.modules)\n"
        "from clipseek.opensearch import Fusion, Page, Query, Searcher, connect\n"
        "from clipseek.opensearch.search.searcher import Searcher as theirs\n"
        "assert Searcher is theirs and Query('red').words == 'red' and callable(connect)\n"
        "assert (Fusion('rrf').technique, Page(5).end) == ('rrf', 5)\n"
        "assert not hasattr(room, 'nothing')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
