"""The option by which searches are logged, and the sentence that says so."""

from __future__ import annotations

import click

#: A reader of the log wants days, and ten years are for ever.
log_searches_option = click.option(
    "--log-searches",
    "log_days",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help="Log searches, clicks and thumbs in the indexes clipseek-searches and clipseek-feedback, and delete them after so many "
    "days; the page says so.  [default: nothing is logged]",
)


def logging_sentence(days: int) -> str:
    """What is said at the start."""
    return (
        f"searches, clicks and thumbs are logged for {days} day{'s' * (days != 1)} in clipseek-searches and clipseek-feedback "
        "(--log-searches): words and ids of hits, no pictures, and nothing of who searched"
    )
