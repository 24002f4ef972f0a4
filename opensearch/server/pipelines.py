"""The search pipeline that every search names: none, where it needs none."""

from __future__ import annotations

from typing import Final

#: In the body of a search that fuses nothing. An index's ``index.search.default_pipeline`` would else join in, or refuse every
#: search where somebody has deleted it. (``_count`` takes no pipeline: pictures are counted by searches.)
NO_PIPELINE: Final = {"search_pipeline": "_none"}
