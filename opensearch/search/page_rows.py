"""The rows of one page, out of a ranking of which all came: one of each group, in a field's order. Pure.

A look, the field of the index, is a picture's appearance (``protocols.Picture``); which look nearly the same, a picture saved
again, in another size, a little brighter, is said by ``encoder/pictures/likeness.py``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from clipseek.encoder.pictures.likeness import SIDE, alike
from numpy.typing import NDArray

from ..query.order import Order
from ..query.plan import Plan

Row = Mapping[str, Any]
HASH_BYTES = 8
LOOK_BYTES = 200


def page_rows(plan: Plan, rows: Sequence[Row]) -> tuple[Sequence[Row], int]:
    """The page's rows, and how many there are to page through where all came to be grouped or sorted here, else 0."""
    if not plan.taken_whole:
        return rows, 0
    whole = first_of_each(rows, plan.page.group_near) if plan.grouped_here else rows
    in_order = whole if plan.order is None else ordered(whole, plan.order)
    return in_order[plan.page.start : plan.page.end], len(whole)


def first_of_each(rows: Sequence[Row], near: bool = False) -> list[Row]:
    """The rows without those whose picture has the same bytes as one before, or, ``near``, nearly the look of one that stays.

    Of several parts of one file the first stays, but that ``near`` asks for their looks alone.
    """
    seen: set[str] = set()
    kept: list[Row] = []
    hashes, copies, count = np.zeros(len(rows), np.uint64), np.zeros((len(rows), SIDE * SIDE, 3), np.uint8), 0
    for row in rows:
        content = str(row["_source"].get("content_hash") or row["_id"])
        if content in seen:
            continue
        if not (near and row["_source"].get("part.of")):
            seen.add(content)
        look = _bytes(str(row["_source"].get("look") or "")) if near else None
        if look is not None:
            hash_, copy = look[:HASH_BYTES].view(">u8").astype(np.uint64)[0], look[HASH_BYTES:].reshape(-1, 3)
            if alike((hash_, copy), hashes[:count], copies[:count]).any():
                continue
            hashes[count], copies[count] = hash_, copy
            count += 1
        kept.append(row)
    return kept


def ordered(rows: Sequence[Row], order: Order) -> list[Row]:
    """The rows of a ranking (``ask.ranked_rows``) as ``Order.server_sort`` would sort them by their ``fields``."""
    by_id = sorted(rows, key=lambda row: str(row["_id"]))
    valued = [(_value(row["fields"][order.field], order), row) for row in by_id if row["fields"].get(order.field)]
    without = [row for row in by_id if not row["fields"].get(order.field)]
    # A stable sort, also downwards: ids stay in their order.
    return [row for _, row in sorted(valued, key=lambda pair: pair[0], reverse=order.descending)] + without


def _value(values: Sequence[Any], order: Order) -> Any:
    # Of several values the server takes the smallest upwards and the largest downwards.
    comparable = [str(value) if order.kind == "keyword" else float(value) for value in values]
    return max(comparable) if order.descending else min(comparable)


def _bytes(encoded: str) -> NDArray[np.uint8] | None:
    """(200,) uint8; None for what is no look. The server answers without the padding."""
    try:
        look = np.frombuffer(base64.b64decode(encoded + "=="), np.uint8)
    except ValueError:
        return None
    return look if len(look) == LOOK_BYTES else None
