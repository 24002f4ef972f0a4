"""Index versions: an alias that readers use, and behind it one index filled by one model.

A version is named ``<alias>-<fingerprint8>-<UTC yyyymmddHHMMSS>``. Its ``_meta`` says which model filled it, so that
vectors of two models are never compared.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

import opensearchpy

from ..errors import IndexMissing, IndexUnusable, InvalidOption, ModelMismatch, NotFound, RequestRefused
from ..server.address import address
from ..server.capabilities import check_engine, check_plugins
from .mapping import LOOK_FIELD, MAPPING_VERSION, FieldType, IndexOptions, field_name, preset_name
from .synonyms import digest, refused_rule

_FORBIDDEN = frozenset('\\/*?"<>| ,#:')
# The alias, and what a version's name adds: two dashes, eight digits of the fingerprint, fourteen of the time.
_LONGEST_ALIAS = 255 - 24
_FIELD_TYPES: dict[str, FieldType] = {"keyword": "keyword", "double": "number", "date": "date"}


@dataclass(frozen=True)
class Version:
    """One index version, as the server describes it.

    ``bundle`` is where the model's bundle lay when the index was made: a hint, checked by ``fingerprint``. ``fields``
    are the declared columns that can be filtered by; ``search`` is how a hybrid fuses here by default: what
    ``clipseek tune`` chose. ``calibration`` is the cut-off of ``clipseek calibrate``, and what it was learnt from. Only an index
    made before there were looks of pictures has no such field (``has_looks``). ``synonyms``: the digest of its rules.
    """

    index: str
    alias: str
    fingerprint: str
    dimension: int
    mapping_version: int
    bundle: str | None = None
    analyzer: str = "english"
    engine: str = "lucene"
    preset: str | None = "default"
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    has_looks: bool = True
    synonyms: str = ""


def check_alias(alias: str) -> str:
    """``alias`` itself, if OpenSearch takes it as a name; InvalidOption otherwise."""
    if (
        not alias
        or alias != alias.lower()
        or alias[0] in "-_+."
        or any(character in _FORBIDDEN or not character.isprintable() for character in alias)
        or len(alias.encode("utf-8", "replace")) > _LONGEST_ALIAS
    ):
        shown = alias if len(alias) <= 60 else f"{alias[:57]}..."
        raise InvalidOption(
            f"{shown!r} cannot name an index; use small letters, digits, '-' and '_', starting with a letter or a digit"
        )
    return alias


def version_name(alias: str, fingerprint: str, now: datetime) -> str:
    """The name of a version made at ``now`` (any zone; the name has UTC)."""
    return f"{alias}-{fingerprint[:8].lower()}-{now.astimezone(timezone.utc):%Y%m%d%H%M%S}"


def find(client: opensearchpy.OpenSearch, alias: str) -> Version | None:
    """The version behind ``alias``, or ``None`` where nothing has that name.

    Raises IndexUnusable where the alias is an index itself, points to several, or to one that clipseek did not make.
    """
    found = _behind(client, alias)
    if not found:
        return None
    if len(found) > 1:
        raise IndexUnusable(
            f"alias {alias} points to {len(found)} indexes ({', '.join(sorted(found))}); leave one of them behind it, "
            "or name another with --index"
        )
    ((name, body),) = found.items()
    return _version(name, alias, body)


def current(client: opensearchpy.OpenSearch, alias: str) -> Version:
    """The version behind ``alias``. Raises IndexMissing where there is none, and as ``find`` does."""
    version = find(client, alias)
    if version is None:
        raise IndexMissing(
            f"no index {alias} at {address(client)}; make one with: clipseek ingest SOURCE --index {alias}"
        )
    return version


def guard(version: Version, fingerprint: str, dimension: int) -> None:
    """Raise ModelMismatch unless vectors of this model may meet the ones in the index."""
    if version.fingerprint != fingerprint:
        made_by = f"; it was made by the bundle at {version.bundle}" if version.bundle else ""
        raise ModelMismatch(
            f"index {version.alias} was filled by model {version.fingerprint[:8]}, this one is "
            f"{fingerprint[:8]}{made_by}. Use that bundle with --model, or ingest with this one into another index: "
            "--index NAME"
        )
    if version.dimension != dimension:
        raise ModelMismatch(
            f"index {version.alias} holds vectors of {version.dimension} numbers, this model makes {dimension}; "
            "ingest into another index: --index NAME"
        )
    if version.mapping_version > MAPPING_VERSION:
        raise IndexUnusable(
            f"index {version.alias} has mapping version {version.mapping_version}, this clipseek knows up to "
            f"{MAPPING_VERSION}; upgrade clipseek"
        )


def create(
    client: opensearchpy.OpenSearch,
    alias: str,
    *,
    fingerprint: str,
    dimension: int,
    options: IndexOptions | None = None,
    bundle: str | None = None,
    now: datetime | None = None,
) -> Version:
    """Make a version for this model and put ``alias`` on it, in one step; nothing must have that name yet.

    Where two do so at once, both get the version that was made first.
    """
    check_alias(alias)
    check_plugins(client)
    options = options or IndexOptions()
    check_engine(client, options.engine)
    name = version_name(alias, fingerprint, now or datetime.now(timezone.utc))
    meta = {
        "fingerprint": fingerprint,
        "dimension": dimension,
        "mapping_version": MAPPING_VERSION,
        "bundle": bundle,
        "analyzer": options.analyzer,
        "engine": options.engine,
        **({"synonyms": digest(options.synonyms)} if options.synonyms else {}),
    }
    body = {**options.body(dimension, meta), "aliases": {alias: {}}}
    try:
        client.indices.create(index=name, body=body)
    except RequestRefused as problem:
        if problem.kind == "resource_already_exists_exception":
            return current(client, alias)
        if "build synonyms" in str(problem) and (rule := refused_rule(client, options.analyzer, options.synonyms)):
            raise InvalidOption(
                f"the synonyms {rule[:80]!r} have a word that analyzer {options.analyzer} leaves out, like the or a; leave it out "
                "of the rule too, or use --analyzer standard"
            ) from None
        if "analyzer" in str(problem) and options.analyzer in str(problem):
            raise InvalidOption(
                f"analyzer {options.analyzer!r} is not known at {address(client)}; give one that it has, like english "
                "or standard"
            ) from None
        raise
    made = _behind(client, alias)
    first = min(made, key=lambda index: (index[-14:], index), default=name)
    if first != name:
        # Another process was quicker. Whoever finds that he was not the first takes his own away again.
        client.indices.delete(index=name)
    return _version(first, alias, made.get(first, {}))


def check_still(client: opensearchpy.OpenSearch, version: Version) -> None:
    """Raise IndexMissing if the index was removed while it was written to: the next write made another, without our
    mapping.
    """
    try:
        found: dict[str, Any] = client.indices.get_mapping(index=version.index)
    except NotFound:
        found = {}
    meta = (found.get(version.index, {}).get("mappings") or {}).get("_meta") or {}
    if meta.get("fingerprint") != version.fingerprint:
        raise IndexMissing(
            f"index {version.index} was removed while it was being filled; remove what is left of that name and run "
            "again"
        )


def add_missing(client: opensearchpy.OpenSearch, version: Version) -> None:
    """Fields that an index made by an older clipseek does not have yet; its documents get them when they are written again."""
    if not version.has_looks:
        client.indices.put_mapping(index=version.index, body={"properties": {"look": LOOK_FIELD}})


def declare(client: opensearchpy.OpenSearch, version: Version, fields: Mapping[str, FieldType]) -> Version:
    """``version`` with further columns declared; documents that have them already become searchable by them before it returns.

    Raises InvalidOption for a column that has another type there.
    """
    wanted = {field_name(column): kind for column, kind in fields.items()}
    for name, kind in wanted.items():
        if (there := version.fields.get(name, kind)) != kind:
            raise InvalidOption(
                f"metadata.{name} is a {there} in index {version.alias}, not a {kind}; leave it so, or ingest into "
                "another index"
            )
    new = {name: kind for name, kind in wanted.items() if name not in version.fields}
    if not new:
        return version
    properties = IndexOptions(fields=new).body(1, {})["mappings"]["properties"]["metadata"]["properties"]
    body = {"properties": {"metadata": {"dynamic": False, "properties": properties}}}
    client.indices.put_mapping(index=version.index, body=body)
    # The server writes its documents anew from their own source; as a task, which goes on if this process is killed.
    client.indices.refresh(index=version.index)
    started: dict[str, Any] = client.update_by_query(
        index=version.index, params={"conflicts": "proceed", "wait_for_completion": "false"}
    )
    while not client.tasks.get(task_id=started["task"]).get("completed"):
        time.sleep(0.1)
    return replace(version, fields={**version.fields, **new})


def keep_search(client: opensearchpy.OpenSearch, version: Version, chosen: Mapping[str, Any]) -> None:
    """Make ``chosen`` (fusion, mean, weight) the default of the index."""
    keep(client, version, "search", chosen)


def keep(client: opensearchpy.OpenSearch, version: Version, name: str, value: Mapping[str, Any]) -> None:
    """Put ``value`` under ``name`` into the index's ``_meta``; the rest of it stays."""
    mapping: dict[str, Any] = client.indices.get_mapping(index=version.index)
    meta = mapping[version.index]["mappings"]["_meta"]
    client.indices.put_mapping(index=version.index, body={"_meta": {**meta, name: dict(value)}})


def _behind(client: opensearchpy.OpenSearch, alias: str) -> dict[str, Any]:
    """Name and mapping of every index behind ``alias``; an index of that very name is refused."""
    check_alias(alias)
    try:
        found: dict[str, Any] = client.indices.get_mapping(index=alias)
    except NotFound:
        return {}
    if alias in found:
        raise IndexUnusable(f"{alias} is an index, not an alias that clipseek made; name another with --index")
    return found


def _version(name: str, alias: str, body: Mapping[str, Any]) -> Version:
    mapping: Mapping[str, Any] = body.get("mappings") or {}
    meta: Mapping[str, Any] = mapping.get("_meta") or {}
    fingerprint, dimension = meta.get("fingerprint"), meta.get("dimension")
    if not isinstance(fingerprint, str) or not isinstance(dimension, int):
        raise IndexUnusable(
            f"{alias} was not made by clipseek ({name} names no model); name another index with --index"
        )
    properties: Mapping[str, Any] = mapping.get("properties") or {}
    declared: Mapping[str, Any] = properties.get("metadata", {}).get("properties") or {}
    return Version(
        index=name,
        alias=alias,
        fingerprint=fingerprint,
        dimension=dimension,
        mapping_version=int(meta.get("mapping_version", 1)),
        bundle=meta.get("bundle") or None,
        analyzer=str(meta.get("analyzer", "")),
        engine=str(meta.get("engine", "")),
        synonyms=str(meta.get("synonyms", "")),
        preset=preset_name(
            properties.get("image_vector", {}).get("method", {}).get("parameters") or {},
            str(properties.get("image_vector", {}).get("compression_level") or "1x"),
        ),
        search=dict(meta.get("search") or {}),
        calibration=dict(meta.get("calibration") or {}),
        has_looks="look" in properties,
        fields={
            column: _FIELD_TYPES[found["type"]]
            for column, found in declared.items()
            if found.get("type") in _FIELD_TYPES
        },
    )
