"""What each kind of user may do at a server with the security plugin, and no more: search, ingest, admin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

Role = Literal["search", "ingest", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

#: Permissions by role, each with those of the roles before it: (of the cluster, of the indexes).
_ADDED: dict[Role, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "search": (
        (
            "cluster:monitor/main",  # which server it is
            "cluster:monitor/health",
            "cluster:monitor/state",
            "cluster:monitor/nodes/info",  # its plugins, and whether it has faiss
            "cluster:monitor/nodes/stats",
            "cluster_composite_ops_ro",
            "indices:data/read/scroll*",  # logs are read whole, and what was held for that is let go
            "cluster:admin/search/pipeline/get",
            "cluster:admin/ingest/pipeline/get",
            "cluster:admin/script/get",
            "cluster:admin/opensearch/ml/predict",  # neural queries
            "cluster:admin/opensearch/ml/models/get",
            "cluster:admin/opensearch/ml/models/search",  # neural status
        ),
        (
            "read",
            "indices_monitor",
            "indices:monitor/settings/get",
            "indices:admin/get",
            "indices:admin/mappings/get",
            "indices:admin/mappings/fields/get*",
            "indices:admin/aliases/get",
            "indices:admin/analyze",
            "indices:admin/validate/query",
            "indices:admin/resolve/index",
            "indices:admin/shards/search_shards",
            "indices:data/read/point_in_time/*",
        ),
    ),
    "ingest": (
        (
            "cluster_composite_ops",  # _bulk, aliases
            "cluster:monitor/task",
            "cluster:monitor/task/get",
            "cluster:monitor/tasks/lists",
            "cluster:monitor/settings",
            "indices:data/write/update/byquery",
            "indices:data/write/delete/byquery",
        ),
        (
            "write",
            "create_index",
            "indices:admin/aliases",
            "indices:admin/aliases/exists",
            "indices:admin/exists",
            "indices:admin/mapping/put",
            "indices:admin/settings/update",
            "indices:admin/refresh*",
            "indices:admin/flush*",
            "indices:admin/forcemerge*",
            "indices:admin/open*",
            "indices:admin/close*",
        ),
    ),
    "admin": (
        (
            "cluster:admin/search/pipeline/*",
            "cluster:admin/ingest/pipeline/*",
            "cluster:admin/script/*",
            "cluster:admin/settings/update",
            "cluster:admin/opensearch/ml/*",
            "indices:admin/index_template/*",
        ),
        ("indices:admin/delete",),
    ),
}


def role_name(role: Role) -> str:
    """As the server calls it."""
    return f"clipseek_{role}"


def role_body(role: Role, indexes: Sequence[str] = ("*",)) -> dict[str, Any]:
    """The role as ``PUT /_plugins/_security/api/roles/NAME`` takes it; ``indexes``: the patterns of index names it is for."""
    upto = ROLES[: ROLES.index(role) + 1]
    # An alias is resolved before it is known which indexes it leads to: of others, their names and aliases are seen, no more.
    resolving = [] if "*" in indexes else [{"index_patterns": ["*"], "allowed_actions": ["indices:admin/aliases/get"]}]
    return {
        "description": f"clipseek: {role}",
        "cluster_permissions": [permission for one in upto for permission in _ADDED[one][0]],
        "index_permissions": [
            {
                "index_patterns": list(indexes),
                "allowed_actions": [permission for one in upto for permission in _ADDED[one][1]],
            },
            *resolving,
        ],
    }
