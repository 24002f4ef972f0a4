"""The cluster settings without which ml-commons calls no encoder."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import opensearchpy

from ..errors import PluginMissing
from ..server.address import address

_PREFIX = "plugins.ml_commons."
TRUSTED = f"{_PREFIX}trusted_connector_endpoints_regex"
#: Of the native memory, in percent: above, ml-commons answers nothing. A remote model takes none of it.
_MEMORY, _MOST = f"{_PREFIX}native_memory_threshold", 99


def read_settings(client: opensearchpy.OpenSearch) -> dict[str, Any]:
    """The settings of ml-commons as they hold now, by their names. Raises PluginMissing where the server does not have it."""
    wanted = {"flat_settings": "true", "include_defaults": "true"}
    answer: Mapping[str, Any] = client.cluster.get_settings(params=wanted)
    every = {**answer.get("defaults", {}), **answer.get("persistent", {}), **answer.get("transient", {})}
    if TRUSTED not in every:
        raise PluginMissing(
            f"{address(client)} has no plugin opensearch-ml, by which a server asks for vectors; install it there, or start a node "
            "that has it: clipseek node start --ml"
        )
    return {name: value for name, value in every.items() if name.startswith(_PREFIX)}


def trusted(url: str) -> str:
    """The pattern of this address alone."""
    return f"^{re.escape(url)}$"


def changed_settings(there: Mapping[str, Any], url: str) -> dict[str, Any]:
    """What must change of the settings ``there``, so that the server may ask ``url`` for vectors; empty for nothing."""
    wanted: dict[str, Any] = {f"{_PREFIX}only_run_on_ml_node": False}
    if _is_private(urlsplit(url).hostname or ""):
        wanted[f"{_PREFIX}connector.private_ip_enabled"] = True
    changed = {name: value for name, value in wanted.items() if str(there.get(name)).lower() != str(value).lower()}
    if int(there.get(_MEMORY, 0)) < _MOST:
        changed[_MEMORY] = _MOST
    patterns = list(there.get(TRUSTED, ()))
    if trusted(url) not in patterns:
        changed[TRUSTED] = [*patterns, trusted(url)]
    return changed


def without(there: Mapping[str, Any], urls: list[str]) -> dict[str, Any]:
    """What must change so that the server no longer asks ``urls``; empty for nothing."""
    patterns = list(there.get(TRUSTED, ()))
    kept = [pattern for pattern in patterns if pattern not in map(trusted, urls)]
    return {} if kept == patterns else {TRUSTED: kept or None}


def change(client: opensearchpy.OpenSearch, settings: Mapping[str, Any]) -> None:
    """Set them for good."""
    client.cluster.put_settings(body={"persistent": dict(settings)})


def _is_private(host: str) -> bool:
    """Whether the host is on this machine or network, as far as its name tells."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host
