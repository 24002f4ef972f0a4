"""The log of searches and of feedback on their hits, as the service keeps it while it is on.

One query has one id. Its further pages are records of their own under that id; another weight of it replaces its record, as long as
nobody has seen a further page or done anything with a hit: a record says what was shown when something was clicked. All else, other
words or filters above all, is another search with another id.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

import opensearchpy
from clipseek.opensearch.errors import NotFound
from clipseek.opensearch.index.own_records import FEEDBACK, SEARCHES, RecordIndex
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.server.pipelines import NO_PIPELINE
from clipseek.relevance.clicks.position_bias import click_weight

from .indexes import LogIndexes
from .records import Action, Origin, Searched, Times, feedback_record, search_record, searched
from .retention import Retention
from .writer import LogWriter, Record

#: Searches, and shown ids of all of them, that are remembered for feedback; older ones are looked up on the server.
_SEARCHES, _SHOWN = 2000, 200_000
_PAGES = 200


@dataclass
class _Kept:
    """``query``: a hash, equal for the same query whatever its page and weight. ``fixed``: whether its record stays as it is."""

    searched: Searched
    query: int
    fixed: bool = False


@dataclass(frozen=True)
class Taken:
    """Feedback that was taken: the rank at which the picture was shown, and how much it counts."""

    rank: int
    weight: float


class Journal:
    """``client``: for the log alone. Records of the aliases ``served`` older than ``days`` days are deleted. ``count``: as of
    LogWriter. Thread-safe.
    """

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        served: tuple[str, ...],
        days: int,
        count: Callable[[RecordIndex, bool, int], None],
        indexes: LogIndexes | None = None,
    ) -> None:
        self.days, self._client, self._indexes = days, client, indexes or LogIndexes()
        self._writer = LogWriter(client, self._indexes, count)
        self._retention = Retention(client, self._indexes, served, days)
        self._lock, self._shown = threading.Lock(), 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def start(self) -> None:
        self._writer.start()
        self._retention.start()

    def close(self) -> None:
        self._retention.close()
        self._writer.close()

    def search(
        self, index: str, query: int, answer: Answer, origin: Origin, times: Times, before: str | None = None
    ) -> str:
        """Log a search of the alias ``index``; its id. ``query``: as of _Kept. ``before``: the id of the same query, of which this
        is another page or weight.
        """
        start, first = answer.page.start, answer.page.start == 0
        with self._lock:
            kept = self._kept.get(before or "")
            again = kept is not None and kept.query == query and kept.searched.index == index
            if kept is None or not again or (first and kept.fixed):
                kept = _Kept(Searched(uuid4().hex, index, "", ""), query)
            one = searched(kept.searched.id, index, answer)
            self._keep(_Kept(one if first else _joined(kept.searched, one), query, fixed=not first))
        record = search_record(one, answer, origin, times)
        self._writer.put(Record(SEARCHES, one.id if first else f"{one.id}-{start}", record))
        return one.id

    def feedback(self, index: str, name: str, document: str, action: Action) -> Taken | None:
        """Log what somebody did with the hit ``document`` of the search ``name``; ``none`` takes a thumb back.

        None where there is no such search or it did not show that picture. Raises the errors of the tree where the search is not
        remembered and the server does not answer.
        """
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                kept.fixed = True
                self._kept.move_to_end(name)
        one = kept.searched if kept is not None and document in kept.searched.ranks else self._look_up(name)
        if one is None or one.index != index or document not in one.ranks:
            return None
        rank = one.ranks[document]
        weight = click_weight(rank) if action == "click" else 1.0
        what = "click" if action == "click" else "thumb"
        body = None if action == "none" else feedback_record(one, document, action, weight)
        self._writer.put(Record(FEEDBACK, f"{name}-{rank}-{what}", body))
        return Taken(rank, weight)

    def _keep(self, kept: _Kept) -> None:
        before = self._kept.pop(kept.searched.id, None)
        self._kept[kept.searched.id] = kept
        self._shown += len(kept.searched.ranks) - (len(before.searched.ranks) if before else 0)
        while len(self._kept) > 1 and (len(self._kept) > _SEARCHES or self._shown > _SHOWN):
            _, oldest = self._kept.popitem(last=False)
            self._shown -= len(oldest.searched.ranks)

    def _look_up(self, name: str) -> Searched | None:
        """The search as its records on the server have it."""
        body = {
            "query": {"term": {"search": name}},
            "size": _PAGES,
            "_source": ["index", "words", "kind", "start", "shown"],
            **NO_PIPELINE,
        }
        try:
            hits = self._client.search(index=self._indexes.searches, body=body)["hits"]["hits"]
        except NotFound:
            return None
        found: Searched | None = None
        for source in (hit["_source"] for hit in hits):
            ranks = {document: rank for rank, document in enumerate(source["shown"], source["start"] + 1)}
            one = Searched(name, source["index"], source["words"], source["kind"], ranks)
            found = one if found is None else _joined(found, one)
        return found


def _joined(one: Searched, further: Searched) -> Searched:
    """The search with what another page of it showed."""
    return replace(one, words=further.words, kind=further.kind, ranks={**further.ranks, **one.ranks})
