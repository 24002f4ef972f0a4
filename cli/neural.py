"""``clipseek neural``: plain ``neural`` queries, by which OpenSearch itself asks clipseek for vectors."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from .groups import Group
from .opening import open_index
from .options.common import index_option, json_option, url_option
from .options.paths import FilePath
from .terminal.output import data, note, print_json


@click.group(cls=Group)
def neural() -> None:
    """Let any OpenSearch client search an index by words and pictures, without clipseek.

    OpenSearch's plugin ml-commons then asks clipseek serve for the vectors of neural queries and of new documents.
    """


@neural.command()
@index_option
@url_option
@click.option(
    "--encoder",
    metavar="URL",
    help="Address of clipseek serve as the OpenSearch server reaches it.  [default: what serves the index on this machine]",
)
@click.option(
    "--token-file",
    type=FilePath(dir_okay=False, exists=True),
    metavar="FILE",
    help="File that holds the token of clipseek serve.  [default: that of the service on this machine]",
)
@click.option(
    "--as-default", is_flag=True, help="Make the search pipeline the index's default, for queries that name none."
)
@click.option("--print", "print_only", is_flag=True, help="Print the requests for Dev Tools, and send nothing.")
@click.option("--yes", is_flag=True, help="Change the cluster settings without being asked.")
def setup(
    index: str,
    url: str | None,
    encoder: str | None,
    token_file: str | None,
    as_default: bool,
    print_only: bool,
    yes: bool,
) -> None:
    """Make an index searchable by neural queries; run again, it finishes or mends what is there."""
    client, version = open_index(index, url)
    from clipseek.opensearch.neural.bodies import Neural
    from clipseek.opensearch.neural.setup import pending_settings, set_up

    encoder, token_file = _service(index, encoder, token_file)
    wanted = Neural(version, encoder)
    if print_only:
        changes = pending_settings(client, wanted)
        for request in wanted.requests(changes, token=token_file is not None, as_default=as_default):
            data(str(request))
        note("write the ids of the answers for CONNECTOR_ID and MODEL_ID, and for TOKEN what is in the token's file")
        return
    if changes := pending_settings(client, wanted):
        note("These settings of the whole cluster are to be changed:")
        note(json.dumps({"persistent": changes}, indent=2))
        if not yes:
            click.confirm("Change them?", abort=True, err=True)
    token = None if token_file is None else Path(token_file).read_text("utf-8").strip()
    done = set_up(client, wanted, token, as_default=as_default)
    note(f"made: {', '.join(done.made)}" if done.made else "everything was there")
    note(f"search and ingest pipeline: {wanted.name}; encoder: {wanted.url}")
    data(done.model)


@neural.command()
@index_option
@url_option
@json_option
def status(index: str, url: str | None, as_json: bool) -> None:
    """Print what is set up for an index, and whether it works. Exit code 1 if it does not."""
    client, version = open_index(index, url)
    from clipseek.opensearch.neural.setup import read_status

    found = read_status(client, version)
    if as_json:
        print_json(found.as_dict())
    else:
        for name, value in found.as_dict().items():
            data(f"{name:16} {'-' if value in (None, '') else value}")
        if found.problem:
            note(f"set it up, or mend it, with: clipseek neural setup --index {index}")
    sys.exit(1 if found.problem else 0)


@neural.command()
@index_option
@url_option
@click.option("--yes", is_flag=True, help="Confirm; without it nothing is removed.")
def remove(index: str, url: str | None, yes: bool) -> None:
    """Remove what neural setup made for an index, the index's default pipeline first; its pictures stay."""
    if not yes:
        raise click.UsageError(f"other clients may search {index} by it; confirm it with --yes")
    client, version = open_index(index, url)
    from clipseek.opensearch.neural.setup import remove as take_back

    gone = take_back(client, version)
    note(f"removed: {', '.join(gone)}" if gone else "nothing was set up")


def _service(index: str, encoder: str | None, token_file: str | None) -> tuple[str, str | None]:
    """Address of the service and its token's file, those of the service on this machine where they are not given."""
    from clipseek.web.process.options import default_folder
    from clipseek.web.process.state import running

    services = [service for service in running(default_folder()) if index in service.indexes]
    if encoder is not None:
        same = [service for service in services if service.address.rstrip("/") == encoder.rstrip("/")]
        return encoder, token_file or (same[0].token_file if same else None)
    if not services:
        raise click.ClickException(
            f"nothing on this machine serves index {index}; start it with: clipseek serve --index {index} --token-file FILE "
            "--background, or name it with --encoder"
        )
    service = services[0]
    if token_file is None and service.token_file == str(default_folder() / f"{service.port}.token"):
        note(
            "that service makes a new token at each start: run this again then, or start it with --token-file to keep one"
        )
    return service.address, token_file or service.token_file
