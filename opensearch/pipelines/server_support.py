"""What a server's version can fuse, and the refusal of what it cannot, with the version that can."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import InvalidOption
from ..query.fusion import Technique
from ..server.capabilities import OLDEST

# Older versions rank for rrf within each shard.
_GLOBAL_RANKS = (3, 5)


def oldest_server(technique: Technique, weights: Sequence[float]) -> tuple[int, int]:
    """The oldest OpenSearch, (major, minor), that fuses so."""
    if technique == "z_score":
        return (3, 0)
    return (3, 1) if technique == "rrf" and len(set(weights)) > 1 else OLDEST


def fuses(number: tuple[int, int], technique: Technique, weights: Sequence[float], shards: int = 1) -> bool:
    """Whether a server of this version fuses so, over all of an index's ``shards``."""
    return number >= oldest_server(technique, weights) and (
        technique != "rrf" or shards == 1 or number >= _GLOBAL_RANKS
    )


def check_fusion(version: Callable[[], tuple[int, int]], technique: Technique, weights: Sequence[float]) -> None:
    """Raise InvalidOption where the server cannot fuse so. ``version`` is called where some servers that clipseek works with
    cannot.
    """
    needed = oldest_server(technique, weights)
    if needed > OLDEST and (number := version()) < needed:
        what = technique if technique != "rrf" else "rrf with --weight"
        raise InvalidOption(
            f"{what} needs OpenSearch {needed[0]}.{needed[1]}, this is {number[0]}.{number[1]}; use --fusion min_max, or "
            "upgrade the server"
        )


def check_ranks(number: tuple[int, int], alias: str, shards: int) -> None:
    """Raise InvalidOption where a server of this version would rank for rrf within each shard."""
    if shards > 1 and number < _GLOBAL_RANKS:
        raise InvalidOption(
            f"rrf ranks within each shard before OpenSearch 3.5; this is {number[0]}.{number[1]} and {alias} has {shards} "
            "shards: use --fusion min_max"
        )
