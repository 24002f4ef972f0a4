"""How an index searches its hybrids by default: what ``clipseek tune`` chose, or a stored pipeline. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .fusion import Fusion
from .page import Page
from .query import Query
from .wording import Wording

#: The fields of a Fusion as ``_meta`` has them.
_KEYS = {"technique": "fusion", "depth": "candidates"}


@dataclass(frozen=True)
class Setting:
    """A fusion, and how the words are searched for in captions. ``Version.search`` holds one; ``read`` and ``kept`` translate."""

    fusion: Fusion = field(default_factory=Fusion)
    wording: Wording = field(default_factory=Wording)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Setting:
        """Of what lies in an index's ``_meta``. Raises InvalidOption for values that cannot be."""
        fusion = {name: kept[key] for name, key in _keys().items() if key in kept}
        wording = {name: kept[name] for name in ("match", "exact") if name in kept}
        return cls(Fusion(**fusion), Wording(**wording))

    def kept(self) -> dict[str, Any]:
        """As an index keeps it in its ``_meta``."""
        values = {key: getattr(self.fusion, name) for name, key in _keys().items()}
        wording = {"match": self.wording.match, "exact": self.wording.exact}
        return {**{key: value for key, value in values.items() if value is not None}, **wording}

    def fusion_for(self, query: Query, page: Page) -> Fusion:
        """The fusion of ``query`` by default: the standard one but for a hybrid. A depth that does not reach the page's last hit
        is left out, and so is a pipeline, which was made for two clauses, of a query with more.
        """
        if query.resolved_kind != "hybrid":
            return Fusion()
        enough = self.fusion.depth is None or self.fusion.depth >= page.end
        return replace(
            self.fusion,
            depth=self.fusion.depth if enough else None,
            pipeline=None if query.is_split else self.fusion.pipeline,
        )

    def worded(self, query: Query) -> Query:
        """``query`` with this wording where it is a hybrid that says none."""
        if query.resolved_kind != "hybrid":
            return query
        return replace(
            query,
            match=self.wording.match if query.match is None else query.match,
            exact=self.wording.exact if query.exact is None else query.exact,
        )

    def __str__(self) -> str:
        wider = "" if self.fusion.ef_search is None else f"; ef_search {self.fusion.ef_search}"
        return f"{self.fusion}; {self.wording}; depth {self.fusion.depth_for(1)}{wider}"


def _keys() -> dict[str, str]:
    return {one.name: _KEYS.get(one.name, one.name) for one in fields(Fusion) if one.name != "weights"}
