"""Where searches and feedback on them are logged."""

from __future__ import annotations

from dataclasses import dataclass

import opensearchpy
from clipseek.opensearch.index.own_records import FEEDBACK, SEARCHES, RecordIndex, open_records


@dataclass(frozen=True)
class LogIndexes:
    """Names of the indexes that searches and feedback are written to."""

    searches: str = SEARCHES
    feedback: str = FEEDBACK

    def opened(self, client: opensearchpy.OpenSearch) -> None:
        """Make them where they are missing. Raises IndexUnusable for another program's, and the errors of the tree."""
        for kind, name in self.kinds.items():
            open_records(client, kind, name)

    @property
    def kinds(self) -> dict[RecordIndex, str]:
        return {SEARCHES: self.searches, FEEDBACK: self.feedback}
