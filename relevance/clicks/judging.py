"""From clicks and thumbs to judgments: which pictures are right for which words, how right, and which only look so. Pure.

All searches of the same words, but for case and white space, are taken together. Of each picture that any of them showed:

- its *relevance* is its clicks, each weighed by its rank (``position_bias``), over how often it was shown: the estimate of inverse
  propensity scoring, as if people had looked at every rank alike;
- it is *right* with more thumbs up than down; or with as many, enough clicks, and a tenth of the relevance of the most relevant
  one, so that stray clicks of many searches do not add up;
- it is a *hard negative* with more thumbs down than up; or where it is not right and was skipped often enough, and ten times as
  often as clicked. Skipped is what was shown above something that people clicked or liked, so that they saw it ("click > skip
  above": Joachims, "Optimizing Search Engines using Clickthrough Data", KDD 2002). Searches in another order than relevance say
  nothing of that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from clipseek.evaluation.judgments import caption_key

from .events import LoggedSearch
from .position_bias import ETA, click_weight

Why = Literal["down", "skipped"]
#: A right picture's grades, by its part of the relevance of the query's best: of three equal steps.
GRADES = 3
#: What is less than this part of the best, or of the skips, is taken for stray clicks.
STRAY = 0.1


@dataclass(frozen=True)
class Least:
    """How often at least: ``clicks`` on a picture that is right without a thumb, ``searches`` of the same words, ``skips`` of a
    picture that is a hard negative without a thumb.
    """

    clicks: int = 2
    searches: int = 1
    skips: int = 2


@dataclass(frozen=True)
class Right:
    """A right picture: its grade, 1 to 3, and what it comes from."""

    grade: int
    clicks: int
    relevance: float
    thumbs: int


@dataclass(frozen=True)
class HardNegative:
    """Why a picture is one, and how many thumbs down or skips say so."""

    why: Why
    count: int


@dataclass(frozen=True)
class JudgedQuery:
    """``words``: as most people wrote them; ``searches``: how many had them."""

    name: str
    words: str
    searches: int
    right: dict[str, Right] = field(default_factory=dict)
    negatives: dict[str, HardNegative] = field(default_factory=dict)


class _Tally:
    """What all searches of the same words say of each picture."""

    def __init__(self) -> None:
        self.searches = 0
        self.spellings: Counter[str] = Counter()
        self.shown: Counter[str] = Counter()
        self.clicks: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()
        self.ups: Counter[str] = Counter()
        self.downs: Counter[str] = Counter()
        self.weighed: dict[str, float] = {}

    def add(self, one: LoggedSearch, eta: float) -> None:
        self.searches += 1
        self.spellings[" ".join(one.words.split())] += 1
        self.shown.update(one.ranks.keys())
        self.ups.update(one.up)
        self.downs.update(one.down)
        clicked = [name for name in one.clicked if name in one.ranks]
        for name in clicked:
            self.clicks[name] += 1
            self.weighed[name] = self.weighed.get(name, 0.0) + click_weight(one.ranks[name], eta)
        liked = one.clicked | one.up
        seen = [one.ranks[name] for name in liked if name in one.ranks]
        if one.by_relevance and seen:
            last = max(seen)
            self.skips.update(name for name, rank in one.ranks.items() if rank < last and name not in liked)

    def relevance(self, name: str) -> float:
        return self.weighed.get(name, 0.0) / max(1, self.shown[name])

    def judged(self, called: str, least: Least) -> JudgedQuery:
        thumbs = {name: self.ups[name] - self.downs[name] for name in {*self.clicks, *self.ups, *self.downs}}
        enough = [name for name in self.clicks if self.clicks[name] >= least.clicks and thumbs[name] == 0]
        liked = [name for name, votes in thumbs.items() if votes > 0]
        best = max((self.relevance(name) for name in (*enough, *liked)), default=0.0)
        chosen = {*liked, *(name for name in enough if self.relevance(name) >= STRAY * best)}
        right = {
            name: Right(
                grade=_grade(self.relevance(name), best, thumbs[name]),
                clicks=self.clicks[name],
                relevance=self.relevance(name),
                thumbs=thumbs[name],
            )
            for name in sorted(chosen)
        }
        negatives = {name: HardNegative("down", self.downs[name]) for name in sorted(thumbs) if thumbs[name] < 0}
        for name, skips in sorted(self.skips.items()):
            if right and name not in right and skips >= least.skips and self.clicks[name] <= STRAY * skips:
                negatives.setdefault(name, HardNegative("skipped", skips))
        spelling = min(self.spellings.items(), key=lambda item: (-item[1], item[0]))[0]
        return JudgedQuery(called, spelling, self.searches, right, negatives)


def judge(searches: Iterable[LoggedSearch], least: Least | None = None, eta: float = ETA) -> list[JudgedQuery]:
    """The queries that any picture is right or a hard negative for, in the order of their words. ``eta``: as of position_bias."""
    least, tallies = least or Least(), dict[str, _Tally]()
    for one in searches:
        tallies.setdefault(caption_key(one.words), _Tally()).add(one, eta)
    often = {key: tally for key, tally in sorted(tallies.items()) if tally.searches >= least.searches}
    judged = [tally.judged(f"q{number}", least) for number, tally in enumerate(often.values(), 1)]
    return [query for query in judged if query.right or query.negatives]


def _grade(relevance: float, best: float, thumbs: int) -> int:
    """1 to GRADES: a thumb up is the highest; clicks by the relevance, as a part of the best one's."""
    if thumbs > 0 or best == 0:
        return GRADES
    return min(GRADES, 1 + int(GRADES * relevance / best))
