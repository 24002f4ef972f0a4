"""The demo from beginning to end: draw, train, export, ingest, score and search, on the embedded node."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.report import Event, IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.service import start
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.searcher import Searcher
from clipseek.opensearch.server.client import connect
from clipseek.sheets.results import Section, write_sheet
from clipseek.sources import read_source

from .scoring import table
from .story import EXAMPLES, INDEX, Story, base_checkpoint, shipped_bundle

PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Outcome:
    """What a run leaves behind; ``scores`` is a table as text, ``sheet`` the page with all searches."""

    url: str
    index: str
    bundle: Path
    scores: str
    searches: list[Section[Answer]]
    sheet: Path


def run(
    story: Story,
    paths: NodePaths,
    *,
    train: bool = True,
    sheet: Path | None = None,
    on_training: Callable[[dict[str, Any]], None] = lambda event: None,
) -> Outcome:
    """Everything that is not there yet, then five searches; the node stays up. Without ``train`` the shipped bundle searches.

    Raises DataMissing outside a checkout, before anything is started.
    """
    (base_checkpoint if train else shipped_bundle)()
    url = _node(story, paths)
    bundle, before = _bundle(story, train, on_training)
    encoder = ClipEncoder(Bundle.load(bundle, verify=True))
    client = connect(url)
    name = INDEX if train else f"{INDEX}-{encoder.fingerprint[:8]}"
    index = _free_of_other_models(client, name, encoder.fingerprint)
    _ingest(story, client, index, encoder, bundle)
    with story.step("Scoring held-out pairs"):
        scores = table(story, encoder, before)
    searcher = Searcher.open(client, index, encoder)
    pictures = story.home / "pictures"
    with story.step("Five searches"):
        searches = [
            Section(one.title, searcher.search(one.query(pictures), page=Page(12)), one.command(pictures, index))
            for one in EXAMPLES
        ]
    page = sheet or story.home / "results.html"
    write_sheet(page, "clipseek demo: line icons", searches, intro=scores)
    return Outcome(url, index, bundle, scores, searches, page)


def _node(story: Story, paths: NodePaths) -> str:
    """The running node's address; it starts while the pictures are drawn."""
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(start, paths, on_progress=lambda text: story.say(f"   node: {text}"))
        story.draw()
        state = starting.result()
    story.say(f"   OpenSearch {state.version} at {state.url}")
    return state.url


def _bundle(story: Story, train: bool, on_training: Callable[[dict[str, Any]], None]) -> tuple[Path, Path | None]:
    """The bundle to search with, and the base model's scores where it was fine-tuned here."""
    if not train:
        story.say("== Using the tuned model that ships with the repository (no training)")
        return shipped_bundle(), None
    from .training import fine_tune

    return fine_tune(story, on_training), story.tuned / "before.json"


def _ingest(story: Story, client: Any, index: str, encoder: ClipEncoder, bundle: Path) -> None:
    with story.step(f"Ingesting the line icons into index {index}"):
        last = time.monotonic()

        def on_event(event: Event) -> None:
            nonlocal last
            if isinstance(event, IngestReport) and time.monotonic() - last > PROGRESS_SECONDS:
                last = time.monotonic()
                story.say(f"   {event.seen:,} seen, {event.encoded:,} encoded, {event.unchanged:,} unchanged")

        report = ingest(
            client,
            index,
            encoder,
            read_source(story.manifest("domain")),
            index_options=IndexOptions(fields={"set": "keyword", "split": "keyword"}),
            bundle=str(bundle),
            source="jsonl",
            on_event=on_event,
        )
        if report.indexed == 0:
            story.reused.append("the index")
        story.say(f"   {report.indexed:,} indexed, {report.unchanged:,} unchanged")


def _free_of_other_models(client: Any, index: str, fingerprint: str) -> str:
    """The index's name, or a name of this model's own where another model's pictures are in it already."""
    version = versions.find(client, index)
    return index if version is None or version.fingerprint == fingerprint else f"{index}-{fingerprint[:8]}"
