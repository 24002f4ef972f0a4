"""One bulk request, and what its answer says of each action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import opensearchpy

from ..errors import IndexReadOnly, OpenSearchError
from ..server.address import address
from ..server.failures import refusal
from ..server.retry import is_passing
from .actions import Action, Answered

TIMEOUT_SECONDS = 120.0
#: How long the server waits for a shard that is away; we ask again ourselves, and say so.
_SHARD_TIMEOUT = "15s"
_ANSWER = "items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"
#: There is such a document already, there is none any more, or it is another than the action was made for.
_CONFLICTS = frozenset(("version_conflict_engine_exception", "document_missing_exception"))


def send_once(client: opensearchpy.OpenSearch, actions: Sequence[Action]) -> tuple[list[Answered], list[Action], str]:
    """What became of ``actions``, those that the server was too busy for, and the last reason for that.

    An item's 500 may be the server's trouble, as with a full disk, or the document's alone: it is sent again like the others.
    Raises IndexReadOnly and AccessRefused for an item's, and the failure of the whole.
    """
    server = address(client)
    answer: Any = client.transport.perform_request(
        "POST",
        "/_bulk",
        params={"filter_path": _ANSWER, "timeout": _SHARD_TIMEOUT},
        body=b"".join(action.body for action in actions),
        timeout=TIMEOUT_SECONDS,
        headers={"content-type": "application/x-ndjson"},
    )
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list) or len(items) != len(actions):
        raise OpenSearchError(
            f"{server} answered a bulk of {len(actions)} without a status for each; is there a proxy in between?"
        )
    answers: list[Answered] = []
    again: list[Action] = []
    why = ""
    for action, entry in zip(actions, items, strict=True):
        result: Mapping[str, Any] = next(iter(entry.values()))
        status = int(result.get("status", 0))
        error: Any = result.get("error")
        kind = str(error.get("type", "")) if isinstance(error, dict) else ""
        if 200 <= status < 300 or (action.kind == "delete" and status == 404 and not error):
            answers.append(Answered(action, "taken"))
            continue
        if kind in _CONFLICTS or (status == 409 and not kind):
            answers.append(Answered(action, "conflict"))
            continue
        problem = refusal(server, status, error or f"status {status}")
        if isinstance(problem, IndexReadOnly) or status in (401, 403):
            raise problem
        if is_passing(status, kind) or status == 409:
            again.append(action)
            why = str(problem)
        else:
            answers.append(Answered(action, "refused", str(problem)))
    return answers, again, why
