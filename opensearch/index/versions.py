"""Index versions on a server: found behind their alias, made, and described in their ``_meta``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import opensearchpy
from clipseek.encoder.pictures.rules import VERSIONS

from ..errors import IndexMissing, IndexUnusable, InvalidOption, NotFound, RequestRefused
from ..server.address import address
from ..server.capabilities import check_engine, check_plugins
from ..values.date_formats import DateReader
from ..values.zones import UTC, read_zone
from .declaring import declare
from .mapping import MAPPING_VERSION, IndexOptions, check_columns
from .version import Version, check_alias, version_name
from .words.analysis import ANALYSIS_VERSION
from .words.synonyms import digest, refused_rule

#: Indexes of one alias that were left without it.
_MOST_VERSIONS = 1000


def find(client: opensearchpy.OpenSearch, alias: str) -> Version | None:
    """The version behind ``alias``, or ``None`` where nothing has that name.

    Raises IndexUnusable where the alias is an index itself, points to several, or to one that clipseek did not make.
    """
    indexes = _behind(client, alias)
    if not indexes:
        return None
    if len(indexes) > 1:
        raise IndexUnusable(
            f"alias {alias} points to {len(indexes)} indexes ({', '.join(sorted(indexes))}); leave one of them behind it, "
            "or name another with --index"
        )
    ((name, body),) = indexes.items()
    return Version.read(name, alias, body)


def current(client: opensearchpy.OpenSearch, alias: str) -> Version:
    """The version behind ``alias``. Raises IndexMissing where there is none, and as ``find`` does."""
    version = find(client, alias)
    if version is None:
        raise IndexMissing(
            f"no index {alias} at {address(client)}; make one with: clipseek ingest SOURCE --index {alias}"
        )
    return version


def create(
    client: opensearchpy.OpenSearch,
    alias: str,
    *,
    fingerprint: str,
    dimension: int,
    options: IndexOptions | None = None,
    bundle: str | None = None,
) -> Version:
    """Make a version for this model and put ``alias`` on it, in one step; nothing must have that name yet.

    Where two do so at once, both get the version that the server made first.
    """
    check_alias(alias)
    check_plugins(client)
    options = options or IndexOptions()
    check_columns(options.fields)
    check_engine(client, options.engine)
    meta = {
        "fingerprint": fingerprint,
        "dimension": dimension,
        "mapping_version": MAPPING_VERSION,
        "pixel_rules": dict(VERSIONS),
        "bundle": bundle,
        "analyzer": options.analyzer,
        "analysis": ANALYSIS_VERSION,
        "folding": options.folding,
        "engine": options.engine,
        "time_zone": options.time_zone or UTC,
        **({"synonyms": digest(options.synonyms)} if options.synonyms else {}),
    }
    body = {**options.body(dimension, meta), "aliases": {alias: {}}}
    for number in range(1, _MOST_VERSIONS):
        name = version_name(alias, number)
        try:
            client.indices.create(index=name, body=body)
        except RequestRefused as problem:
            if problem.kind != "resource_already_exists_exception":
                _explain_refusal(client, options, problem)
                raise
            # Another process was quicker, or an index of that name was left when its alias was taken away.
            if (version := find(client, alias)) is not None:
                return version
        else:
            return Version.read(name, alias, _mappings(client, name).get(name, {}))
    raise IndexUnusable(
        f"{_MOST_VERSIONS:,} indexes named {version_name(alias, 1)} and so on are at {address(client)}, none of them behind the "
        f"alias {alias}; delete them, or name another with --index"
    )


def _explain_refusal(client: opensearchpy.OpenSearch, options: IndexOptions, problem: RequestRefused) -> None:
    """Raise InvalidOption where the server refuses the index for its synonyms or its analyzer."""
    if "build synonyms" in str(problem) and (
        rule := refused_rule(client, options.analyzer, options.synonyms, folding=options.folding)
    ):
        raise InvalidOption(
            f"the synonyms {rule[:80]!r} have a word that analyzer {options.analyzer} leaves out, like the or a; leave it out "
            "of the rule too, or use --analyzer standard"
        ) from None
    if "analyzer" in str(problem) and options.analyzer in str(problem):
        raise InvalidOption(
            f"analyzer {options.analyzer!r} is not known at {address(client)}; give one that it has, like english "
            "or standard"
        ) from None


def open_or_create(
    client: opensearchpy.OpenSearch,
    alias: str,
    *,
    fingerprint: str,
    dimension: int,
    options: IndexOptions,
    bundle: str | None = None,
    date_formats: tuple[str, ...] = (),
) -> tuple[Version, bool]:
    """The version behind ``alias``, ready for documents of this model, and whether it was made.

    The fields of ``options`` are declared in an index that was there, too, whose dates are read by ``date_formats``
    (``DateReader``); the rest of them holds for a new one. Raises ModelMismatch where another model filled the index.
    """
    version = find(client, alias)
    created = version is None
    if version is None:
        version = create(client, alias, fingerprint=fingerprint, dimension=dimension, options=options, bundle=bundle)
    # After create as well: another process may have made it first, with another model.
    version.check_model(fingerprint, dimension)
    if version.lacking:
        # Made by an older clipseek: documents get the fields when they are written again.
        made = IndexOptions().body(dimension, {})["mappings"]["properties"]
        client.indices.put_mapping(
            index=version.index, body={"properties": {name: made[name] for name in version.lacking}}
        )
    version = _with_time_zone(client, version, options.time_zone)
    dates = DateReader(read_zone(version.time_zone), date_formats)
    return declare(client, version, options.fields, dates), created


def _with_time_zone(client: opensearchpy.OpenSearch, version: Version, name: str | None) -> Version:
    """``version`` with this time zone, which it keeps once it has dates: raises InvalidOption where it has others."""
    if name is None or name == version.time_zone:
        return version
    if dates := [column for column, kind in version.fields.items() if kind == "date"]:
        raise InvalidOption(
            f"index {version.alias} has read {', '.join(dates)} in time zone {version.time_zone}, and keeps it; leave --time-zone "
            "out, or ingest into another index with --index NAME"
        )
    write_meta(client, version, "time_zone", name)
    return replace(version, time_zone=name)


def check_still(client: opensearchpy.OpenSearch, version: Version) -> None:
    """Raise IndexMissing if the index was removed while it was written to: the next write made another, without our mapping."""
    made = _mappings(client, version.index).get(version.index, {})
    meta = (made.get("mappings") or {}).get("_meta") or {}
    if meta.get("fingerprint") != version.fingerprint:
        raise IndexMissing(
            f"index {version.index} was removed while it was being filled; remove what is left of that name and run "
            "again"
        )


def write_meta(client: opensearchpy.OpenSearch, version: Version, name: str, value: Mapping[str, Any] | str) -> None:
    """Put ``value`` under ``name`` into the index's ``_meta``; the rest of it stays.

    ``search``: how a hybrid fuses there by default; ``calibration``: its cut-off; ``time_zone``: of its dates.
    """
    mapping: dict[str, Any] = client.indices.get_mapping(index=version.index)
    meta = mapping[version.index]["mappings"]["_meta"]
    client.indices.put_mapping(
        index=version.index, body={"_meta": {**meta, name: value if isinstance(value, str) else dict(value)}}
    )


def _behind(client: opensearchpy.OpenSearch, alias: str) -> dict[str, Any]:
    """Name and mapping of every index behind ``alias``; an index of that very name is refused, and so is an alias with a filter:
    what is asked of an index by its own name would pass around it.
    """
    _refuse_filter(client, check_alias(alias))
    indexes = _mappings(client, alias)
    if alias in indexes:
        raise IndexUnusable(f"{alias} is an index, not an alias that clipseek made; name another with --index")
    return indexes


def _refuse_filter(client: opensearchpy.OpenSearch, alias: str) -> None:
    try:
        indexes: dict[str, Any] = client.indices.get_alias(name=alias)
    except NotFound:
        return
    if any(body["aliases"].get(alias, {}).get("filter") for body in indexes.values()):
        raise IndexUnusable(
            f"alias {alias} has a filter, which clipseek does not search through; name the alias without one that clipseek made "
            "with --index, and give the filter with --filter"
        )


def _mappings(client: opensearchpy.OpenSearch, name: str) -> dict[str, Any]:
    """What the server says of the indexes that ``name`` stands for; nothing where there are none."""
    try:
        indexes: dict[str, Any] = client.indices.get_mapping(index=name)
    except NotFound:
        return {}
    return indexes
