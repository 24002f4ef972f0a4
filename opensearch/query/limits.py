"""What all of this room shares: the names of kinds and clauses, and how much of everything a query may have. Pure."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from clipseek.files.text import canonical

Kind: TypeAlias = Literal["caption", "vector", "hybrid"]
KINDS: tuple[Kind, ...] = ("caption", "vector", "hybrid")
Match: TypeAlias = Literal["any", "most", "all", "phrase"]
MATCHES: tuple[Match, ...] = ("any", "most", "all", "phrase")
#: Names of the two clauses of a usual hybrid.
CAPTION, VECTOR = "caption", "vector"
#: The part of the caption's clause that is of the words read in pictures (``index/picture_text.py``), and their share of it, beside
#: the caption's, where nobody chose one.
TEXT, OCR_WEIGHT = "text", 0.5

#: Candidates of each clause. Sent always: without it a clause brings only as many as hits are asked for, and the ranking would
#: depend on that number.
DEPTH = 200
#: OpenSearch allows 1,024 terms in a query. These are the most that the words may make, which leaves room for the filters.
MAX_TERMS = 900
#: Of the words that are searched for; the rest of a longer text is left out, and ``Query.cut`` says so.
MAX_CHARACTERS = 4_000
MAX_HITS = 1_000
#: OpenSearch's own limit (index.max_result_window): the last hit that paging can reach, and the most candidates.
MAX_REACH = 10_000
#: Further texts, pictures and ids in one query.
MAX_PARTS = 64
#: OpenSearch takes no more clauses in a hybrid.
MAX_CLAUSES = 5
#: Terms of all unwanted texts together; with the words and the filters, still fewer than 1,024.
MAX_UNWANTED_TERMS = 50
#: Weight of one text, picture or id beside others: a millionth of another would be rounded away in single precision.
MIN_WEIGHT, MAX_WEIGHT = 0.001, 1000
#: Of a page beyond the usual depth. Steps, not the page's own end, so that neighbouring pages rank the same candidates.
DEPTHS = (DEPTH, MAX_HITS, MAX_REACH)
#: Around the matched words of a caption, as the server marks them: private-use characters, which captions hardly have.
MARKS = ("\ue000", "\ue001")

#: A run of Latin letters and digits is a term in any analyzer (one for each 255 characters); of other scripts, whose words may
#: stand without spaces, every character may be one.
TERM = re.compile(r"[A-Za-z0-9]{1,255}|[^\sA-Za-z0-9]")

#: In the URL of a search: each hit's raw score from each clause; and an error, not fewer hits, where a shard fails.
SEARCH_PARAMETERS = {"include_named_queries_score": "true", "allow_partial_search_results": "false"}


def one_line(text: str) -> str:
    """``text`` on one line, as captions are stored (``canonical``)."""
    return " ".join(canonical(text).replace("\0", " ").split())
