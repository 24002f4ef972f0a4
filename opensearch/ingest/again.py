"""Documents that a server refused, sent again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import opensearchpy

from ..bulk.actions import Action
from ..bulk.rejected import Letter, read_letters, replace_letters
from ..bulk.writer import BulkWriter
from ..entries.known import Known
from ..errors import ModelMismatch
from ..index import versions
from ..index.documents import create_action, index_action, update_action
from ..server.retry import OnRetry, Retry, unheard
from ..server.transport import patient

#: Documents that are looked up together.
_SEVERAL = 500


def send_again(
    client: opensearchpy.OpenSearch, alias: str, path: Path, retry: Retry | None = None, on_retry: OnRetry = unheard
) -> tuple[int, int, list[Letter]]:
    """Send the documents of ``path`` that are for ``alias``; those that are refused again stay in it, and so do those for others.

    Returns how many were taken, how many are in the index in the meantime, and the refused. Raises ModelMismatch where another
    model made them than filled the index.
    """
    retry = retry or Retry()
    client = patient(client, retry, on_retry)
    version = versions.current(client, alias)
    known = Known(client, version.index, retry)
    left: list[Letter] = []
    taken = there = 0
    refused: list[Letter] = []
    with BulkWriter(client, retry, on_retry) as writer:
        letters = read_letters(path)
        while several := list(islice(letters, _SEVERAL)):
            ours = [letter for letter in several if letter.alias == alias]
            left += [letter for letter in several if letter.alias != alias]
            # New documents never replace anything.
            written = known.documents([letter.id for letter in ours if letter.kind != "create"], ("ingested_at",))
            for letter in ours:
                if letter.fingerprint != version.fingerprint:
                    raise ModelMismatch(
                        f"{path} holds documents of model {letter.fingerprint[:8]}, index {alias} was filled by "
                        f"{version.fingerprint[:8]}; ingest their source again instead"
                    )
                if letter.id in written and _is_newer(written[letter.id].fields, letter.document):
                    there += 1
                else:
                    writer.add(_action(version.index, letter))
        writer.settle()
        for answer in writer.answers:
            taken += answer.state == "taken"
            there += answer.state == "conflict"
            if answer.state == "refused":
                refused.append(replace(answer.action.about, reason=answer.reason))
    client.indices.refresh(index=version.index)
    replace_letters(path, [*left, *refused])
    return taken, there, refused


def _is_newer(written: Mapping[str, Any], refused: Mapping[str, Any]) -> bool:
    """True for what a later run wrote than that which was refused; an update that nobody sees has no time."""
    when = refused.get("ingested_at")
    return when is not None and written.get("ingested_at", "") > when


def _action(index: str, letter: Letter) -> Action:
    file = Path(letter.file)
    if letter.kind == "update":
        return Action("update", letter.id, file, update_action(index, letter.id, letter.document, None), letter)
    if letter.kind == "index":
        return Action("index", letter.id, file, index_action(index, letter.id, letter.document), letter)
    return Action("create", letter.id, file, create_action(index, letter.id, letter.document), letter)
