"""``clipseek demo``: from shipped pictures to hybrid search, before and after fine-tuning."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .opening import prepare_torch
from .options.logs import logging_sentence
from .options.paths import FilePath
from .terminal.output import data, note
from .terminal.training_progress import TrainingProgress

if TYPE_CHECKING:
    from clipseek.demo.run import Outcome
    from clipseek.web.process.state import Service

#: For which the page of the demo logs the searches of its own index.
LOG_DAYS = 30


@click.command()
@click.option("--no-train", is_flag=True, help="Search with the shipped fine-tuned model; needs no torch.")
@click.option(
    "--sheet",
    type=FilePath(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="HTML page to write the results to.  [default: in the demo's data folder]",
)
@click.option(
    "--table",
    "compare",
    is_flag=True,
    help="Instead of the demo, train on its pictures run-5 of Sujit Pal's Haystack 2022 talk, as it was and with the learning rate "
    "that validation prefers, and the demo's recipe at equal pairs and at equal seconds, and print their scores.",
)
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Runs of each recipe of --table, by random seed.",
)
@click.option(
    "--pairs",
    type=click.IntRange(1000),
    metavar="N",
    help="Pairs that each recipe of --table sees.  [default: as many as the demo has to train on]",
)
@click.option(
    "--out",
    type=FilePath(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder of --table's results; a later run continues from them.  [default: in the demo's data folder]",
)
@click.option("--no-serve", is_flag=True, help="Leave out the search page that is else started in the background.")
def demo(
    no_train: bool,
    sheet: Path | None,
    compare: bool,
    seeds: int,
    pairs: int | None,
    out: Path | None,
    no_serve: bool,
) -> None:
    """Fine-tune on line icons, export, ingest, evaluate and search, on the embedded node, and serve a search page.

    Results of an earlier run are reused. The node and the page stay up afterwards.
    """
    if not no_train or compare:
        prepare_torch("fine-tuning")
    from clipseek.demo.story import Story
    from clipseek.opensearch.node.paths import NodePaths

    paths = NodePaths.default()
    story = Story(paths.data / "demo", note)
    if compare:
        from clipseek.demo.trials import recipes_table

        folder = out or story.home / "table"
        data(recipes_table(story, folder, seeds, pairs, TrainingProgress()))
        note(f"every figure is in {folder / 'results.jsonl'}; the next run continues from there")
        return
    from clipseek.demo.run import run

    began = time.monotonic()
    outcome = run(story, paths, train=not no_train, sheet=sheet, on_training=TrainingProgress())
    show_outcome(outcome)
    reused = f"; reused {', '.join(story.reused)}" if story.reused else ""
    data(f"Took {time.monotonic() - began:.0f} s{reused}")
    page = None if no_serve else start_page(outcome, story.home)
    show_next_steps(outcome, story.home, page)


def show_outcome(outcome: Outcome) -> None:
    """Scores, the first hits of each search, and the page, opened where a person sees a screen."""
    data(f"\nMRR@k, caption to picture, on concepts that training never saw\n\n{outcome.scores}\n")
    for search in outcome.searches:
        words = search.answer.query.words or Path(search.command.split("--image ")[1].split()[0]).name
        data(f"{search.title}: {words}")
        for hit in search.answer.hits[:4]:
            shares = " ".join(f"{name} {share:.0%}" for name, share in hit.shares.items())
            data(f"   {hit.score:.3f}  {hit.caption[:58]:58}  {hit.id:34}  {shares}")
    data(f"\nSheet of results: {outcome.sheet}")
    screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen and sys.stdout.isatty():
        click.launch(str(outcome.sheet))


def start_page(outcome: Outcome, home: Path) -> Service:
    """The search page of the demo's index in the background; that of an earlier demo is replaced."""
    from clipseek.web.process.background import start_background
    from clipseek.web.process.options import Options

    pictures = str(home / "pictures")
    note("== Starting the search page")
    return start_background(
        Options(
            outcome.url,
            (outcome.index,),
            model=str(outcome.bundle.absolute()),
            roots=(pictures,),
            name="demo",
            log_days=LOG_DAYS,
        )
    )


def show_next_steps(outcome: Outcome, home: Path, page: Service | None) -> None:
    """Commands to go on with, as this machine calls clipseek; the page's address with its token."""
    here = Path(sys.argv[0])
    command = str(here) if here.name == "clipseek" and here.parent.name == "bin" else "clipseek"
    index, bundle = outcome.index, outcome.bundle
    if page is not None:
        data(f"\nSearch page: {page.entrance()}\nIt stays up. Stop it: {command} serve stop")
        data(f"There {logging_sentence(LOG_DAYS)}")
    data(
        f"\nTry next:\n"
        f'  {command} search "add to cart" --index {index}\n'
        f'  {command} search "download file" --vector --index {index} --html found.html\n'
        f"  {command} search --image {home}/pictures/tabler/bell.png --index {index}\n"
        f"  {command} ingest YOUR_PICTURES --model {bundle} --index mine && {command} search WORDS --index mine\n"
        f"The node stays up at {outcome.url}. Stop it: {command} node stop\n"
        f"Remove everything: {command} serve stop; {command} node reset --all --yes && rm -r {home}"
    )
