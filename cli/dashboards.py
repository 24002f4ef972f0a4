"""``clipseek dashboards``: boards for OpenSearch Dashboards."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .groups import Group
from .opening import open_client
from .options.common import json_option
from .options.paths import FilePath
from .terminal.output import count, data, note, print_json

if TYPE_CHECKING:
    from clipseek.opensearch.dashboards.saved_objects import Boards, Corpus

_opensearch = click.option(
    "--opensearch",
    envvar="CLIPSEEK_URL",
    metavar="URL",
    help="OpenSearch server.  [default: this user's embedded node]",
)
_indexes = click.option(
    "--index",
    "indexes",
    multiple=True,
    metavar="NAME",
    help="Alias of an index whose pictures the ingest board shows and counts; repeat it for several.",
)


@click.group(cls=Group)
def dashboards() -> None:
    """Put boards of searches and ingests into OpenSearch Dashboards."""


@dashboards.command()
@click.option(
    "--url", default="http://localhost:5601", show_default=True, metavar="URL", help="Address of OpenSearch Dashboards."
)
@_indexes
@_opensearch
@click.option("--tenant", metavar="NAME", help="Tenant of the security plugin.  [default: the user's own default]")
@click.option(
    "--overwrite", is_flag=True, help="Replace what an earlier install put there, and what was changed of it since."
)
@click.option(
    "--pictures",
    metavar="URL",
    help="Address of clipseek serve as browsers reach it, started with --embed-from: tables then show the pictures of each "
    "--index.",
)
@click.option(
    "--token-file",
    type=FilePath(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="File that holds the token of clipseek serve.  [default: that of the service on this machine]",
)
@click.option(
    "--output",
    type=FilePath(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the objects to an NDJSON file to be imported by hand, and send nothing.",
)
def install(
    url: str,
    indexes: tuple[str, ...],
    opensearch: str | None,
    tenant: str | None,
    overwrite: bool,
    pictures: str | None,
    token_file: Path | None,
    output: Path | None,
) -> None:
    """Import index patterns, saved searches and two boards.

    Credentials are found as for OpenSearch: in CLIPSEEK_USERNAME and CLIPSEEK_PASSWORD, or elsewhere.
    """
    from clipseek.opensearch.dashboards.imported import Dashboards
    from clipseek.opensearch.dashboards.saved_objects import ndjson

    if pictures is not None and not indexes:
        raise click.UsageError("--pictures shows the pictures of indexes; name one with --index")
    target = Dashboards(url, tenant)
    client = open_client(opensearch) if indexes else None
    boards = _boards(client, indexes, pictures, token_file)
    objects = boards.objects()
    if output is not None:
        from clipseek.files.whole import write_whole

        write_whole(output, ndjson(objects))
        note(f"{count(len(objects), 'object')} in {output}; import it in Dashboards under Management, Saved objects")
        return
    done = target.put(objects, overwrite=overwrite)
    if done.refused:
        lines = "; ".join(f"{title}: {reason}" for title, reason in done.refused.items())
        raise click.ClickException(
            f"{target.address} refused {count(len(done.refused), 'object')}, and took none: {lines}"
        )
    note(f"{count(len(done.imported), 'object')} imported into {target.address}")
    if done.there:
        note(f"{count(len(done.there), 'object')} there already and left as they are; --overwrite replaces them")
        sys.exit(1)
    for board in (each for each in objects if each["type"] == "dashboard"):
        data(f"{target.address}/app/dashboards#/view/{board['id']}")


@dashboards.command()
@_indexes
@_opensearch
@json_option
def check(indexes: tuple[str, ...], opensearch: str | None, as_json: bool) -> None:
    """Check that the indexes have every field that the boards use. Exit code 1 if not."""
    from clipseek.opensearch.dashboards.fields import missing_fields, used_fields

    client = open_client(opensearch)
    used = used_fields(_boards(client, indexes).objects())
    missing = missing_fields(client, used)
    if as_json:
        print_json(
            {"used": len({(each.index, each.field) for each in used}), "missing": [vars(each) for each in missing]}
        )
    for each in missing if not as_json else ():
        what = f"index {each.index}" if each.field is None else f"field {each.field} of index {each.index}"
        data(f"missing: {what}, used by {', '.join(each.by)}")
    if any(each.field is None and each.index != "clipseek-ingests" for each in missing):
        note("searches and what people do with their hits are kept where clipseek serve runs with --log-searches DAYS")
    if any(each.field is None and each.index == "clipseek-ingests" for each in missing):
        note("clipseek-ingests is made by the next clipseek ingest")
    if not missing and not as_json:
        data(f"all {len({(each.index, each.field) for each in used})} fields are there")
    sys.exit(1 if missing else 0)


def _boards(
    client: Any, indexes: tuple[str, ...], pictures: str | None = None, token_file: Path | None = None
) -> Boards:
    """``client``: of the server that has ``indexes``, if any."""
    from clipseek.opensearch.dashboards.saved_objects import Boards

    links = {} if pictures is None else _links(pictures, token_file)
    return Boards([_corpus(client, alias, links, pictures) for alias in indexes])


def _corpus(client: Any, alias: str, links: dict[str, str | None], pictures: str | None) -> Corpus:
    from clipseek.opensearch.dashboards.saved_objects import Corpus
    from clipseek.opensearch.index import versions

    version = versions.current(client, alias)
    facets = [name for name, kind in version.fields.items() if kind == "keyword"]
    if pictures is None:
        return Corpus(alias, facets)
    if links.get(alias) is None:
        why = "signs no links" if alias in links else f"does not serve index {alias}"
        raise click.ClickException(
            f"{pictures} {why}; start it with: clipseek serve --index {alias} --pictures ROOT --embed-from ORIGIN, where ORIGIN is "
            "the address of Dashboards"
        )
    return Corpus(alias, facets, f"{_origin(pictures)}{links[alias]}")


def _links(pictures: str, token_file: Path | None) -> dict[str, str | None]:
    """The signed address of the thumbnails of each index that the service at ``pictures`` serves."""
    token = _token(pictures, token_file)
    request = urllib.request.Request(f"{pictures.rstrip('/')}/api/v1/indexes")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            body: Any = json.load(answer)
            return {each["name"]: each.get("embed") for each in body["indexes"]}
    except urllib.error.HTTPError as problem:
        refused = "wants another token: name its file with --token-file" if problem.code in (401, 403) else ""
        raise click.ClickException(
            f"{pictures} {refused or f'answered {problem.code}; is it clipseek serve?'}"
        ) from None
    except (OSError, ValueError, LookupError, TypeError) as problem:
        reason = getattr(problem, "reason", None) or problem
        raise click.ClickException(f"no clipseek serve at {pictures} ({reason}); name it with --pictures URL") from None


def _token(pictures: str, token_file: Path | None) -> str | None:
    """The token in the file, or of the service on this machine at that address."""
    if token_file is None:
        from clipseek.web.process.options import default_folder
        from clipseek.web.process.state import running

        same = [each for each in running(default_folder()) if each.address.rstrip("/") == pictures.rstrip("/")]
        if not same or same[0].token_file is None:
            return None
        token_file = Path(same[0].token_file)
    return token_file.read_text("utf-8").strip()


def _origin(pictures: str) -> str:
    """The scheme and host: links have the service's path already."""
    scheme, _, rest = pictures.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
