"""``clipseek demo``: from shipped pictures to hybrid search, before and after fine-tuning."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--no-train", is_flag=True, help="Search with the shipped tuned model; needs no torch.")
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), help="Where the sheet of results goes.")
def demo(no_train: bool, sheet: Path | None) -> None:
    """Fine-tune on line icons, export, ingest, evaluate and search, on the embedded node.

    What an earlier run made is used again. The node stays up afterwards.
    """
    from concurrent.futures import ThreadPoolExecutor

    from clipseek.demo import story as told
    from clipseek.demo.scoring import table
    from clipseek.encoder import Bundle, ClipEncoder
    from clipseek.opensearch.index.mapping import IndexOptions
    from clipseek.opensearch.ingest.run import ingest
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import start
    from clipseek.opensearch.search.searcher import Searcher
    from clipseek.opensearch.server.client import connect
    from clipseek.sheets.results import Section, render_sheet
    from clipseek.sources import read_source

    from .output import note

    began = time.monotonic()
    paths = NodePaths.default()
    story = told.Story(paths.data / "demo", note)
    (told.shipped_bundle if no_train else told.base_checkpoint)()
    with ThreadPoolExecutor(1) as pool:
        # The node starts while the pictures are drawn.
        starting = pool.submit(start, paths, on_progress=lambda text: note(f"   node: {text}"))
        story.draw()
        state = starting.result()
    note(f"   OpenSearch {state.version} at {state.url}")
    if no_train:
        bundle, before = told.shipped_bundle(), None
        note("== Using the tuned model that ships with the repository (no training)")
    else:
        from clipseek.demo.training import tune

        from .progress import TrainingProgress

        bundle = tune(story, TrainingProgress())
        before = story.tuned / "before.json"
    encoder = ClipEncoder(Bundle.load(bundle, verify=True))
    index = f"{told.INDEX}-{encoder.fingerprint[:8]}" if no_train else told.INDEX
    client = connect(state.url)
    index = _free_of_other_models(client, index, encoder.fingerprint)
    with story.step(f"Ingesting the line icons into index {index}"):
        last = [time.monotonic()]

        def on_event(event: Any) -> None:
            if hasattr(event, "seen") and time.monotonic() - last[0] > 5:
                last[0] = time.monotonic()
                note(f"   {event.seen:,} seen, {event.encoded:,} encoded, {event.unchanged:,} unchanged")

        options = IndexOptions(fields={"set": "keyword", "split": "keyword"})
        report = ingest(
            client,
            index,
            encoder,
            read_source(story.manifest("domain")),
            index_options=options,
            bundle=str(bundle),
            on_event=on_event,
        )
        if report.indexed == 0:
            story.reused.append("the index")
        note(f"   {report.indexed:,} indexed, {report.unchanged:,} unchanged")
    with story.step("Scoring held-out pairs"):
        scores = table(story, encoder, before)
    searcher = Searcher.open(client, index, encoder)
    sections = []
    with story.step("Five searches"):
        for example in told.EXAMPLES:
            answer = searcher.search(example.query(story.home / "pictures"))
            sections.append(Section(example.title, answer, example.command(story.home / "pictures", index)))
    path = sheet or story.home / "results.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_sheet("clipseek demo: line icons", sections, intro=scores), "utf-8")
    click.echo(f"\nMRR@k, caption to picture, on concepts that training never saw\n\n{scores}\n")
    for section in sections:
        asked = section.answer.query
        click.echo(f"{section.title}: {asked.words or Path(section.command.split('--image ')[1].split()[0]).name}")
        for hit in section.answer.hits[:4]:
            shares = " ".join(f"{name} {share:.0%}" for name, share in hit.shares.items())
            click.echo(f"   {hit.score:.3f}  {hit.caption[:58]:58}  {hit.id:34}  {shares}")
    click.echo(f"\nSheet of results: {path}")
    if _has_screen():
        click.launch(str(path))
    click.echo(
        f"Took {time.monotonic() - began:.0f} s" + (f"; reused {', '.join(story.reused)}" if story.reused else "")
    )
    here = Path(sys.argv[0])
    command = str(here) if here.name == "clipseek" and here.parent.name == "bin" else "clipseek"
    click.echo(
        f"\nTry next:\n"
        f'  {command} search "add to cart" --index {index}\n'
        f'  {command} search "download file" --vector --index {index} --html found.html\n'
        f"  {command} search --image {story.home}/pictures/tabler/bell.png --index {index}\n"
        f"  {command} ingest YOUR_PICTURES --model {bundle} --index mine && {command} search WORDS --index mine\n"
        f"The node stays up at {state.url}. Stop it: {command} node stop\n"
        f"Remove everything: {command} node reset --all --yes && rm -r {story.home}"
    )


def _has_screen() -> bool:
    """Whether a person sits in front who can see a page."""
    drawn = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(drawn) and sys.stdout.isatty()


def _free_of_other_models(client: Any, index: str, fingerprint: str) -> str:
    """The index's name, or a name of this model's own where another model's pictures are in it already."""
    from clipseek.opensearch.index import versions

    version = versions.find(client, index)
    return index if version is None or version.fingerprint == fingerprint else f"{index}-{fingerprint[:8]}"
