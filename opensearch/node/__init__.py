"""The embedded OpenSearch: one node on this machine, from pinned artifacts, on loopback only."""

from clipseek.opensearch.node.errors import NodeError
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.state import NodeState, running_url

__all__ = ["NodeError", "NodePaths", "NodeState", "running_url"]
