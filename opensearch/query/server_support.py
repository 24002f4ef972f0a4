"""What a server's version can fuse, and the refusal of what it cannot, with the version that can."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InvalidOption
from ..server.capabilities import OLDEST
from .pipelines import Fusion, oldest_server

# Older versions rank for rrf within each shard.
_GLOBAL_RANKS = (3, 5)


def newer_than_oldest(fusion: Fusion, weights: Sequence[float]) -> bool:
    """Whether some servers that clipseek works with cannot fuse so: only then is the server asked for its version."""
    return oldest_server(fusion, weights) > OLDEST


def check_fusion(number: tuple[int, int], fusion: Fusion, weights: Sequence[float]) -> None:
    """Raise InvalidOption where a server of this version cannot fuse so."""
    needed = oldest_server(fusion, weights)
    if number < needed:
        what = fusion if fusion != "rrf" else "rrf with --weight"
        raise InvalidOption(
            f"{what} needs OpenSearch {needed[0]}.{needed[1]}, this is {number[0]}.{number[1]}; use --fusion min_max, or "
            "upgrade the server"
        )


def fuses(number: tuple[int, int], fusion: Fusion, weights: Sequence[float], shards: int = 1) -> bool:
    """Whether a server of this version fuses so, over all of an index's ``shards``."""
    return number >= oldest_server(fusion, weights) and (fusion != "rrf" or _ranks_globally(number, shards))


def check_ranks(number: tuple[int, int], alias: str, shards: int) -> None:
    """Raise InvalidOption where a server of this version would rank for rrf within each shard."""
    if not _ranks_globally(number, shards):
        raise InvalidOption(
            f"rrf ranks within each shard before OpenSearch 3.5; this is {number[0]}.{number[1]} and {alias} has {shards} "
            "shards: use --fusion min_max"
        )


def _ranks_globally(number: tuple[int, int], shards: int) -> bool:
    return shards == 1 or number >= _GLOBAL_RANKS
