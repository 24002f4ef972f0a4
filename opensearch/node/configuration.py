"""The files that OpenSearch reads when it starts."""

from __future__ import annotations

import json

from .paths import NodePaths


def configure(paths: NodePaths, http_port: int, transport_port: int) -> None:
    """Write opensearch.yml, log4j2.properties and java.policy into the node's configuration folder."""
    settings = {
        "cluster.name": "clipseek",
        "node.name": "embedded",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": http_port,
        "transport.port": transport_port,
        "path.data": str(paths.indices),
        "path.logs": str(paths.scratch),
        # A laptop's disk is often over 90 % full; OpenSearch would make every index read-only then.
        "cluster.routing.allocation.disk.threshold_enabled": False,
        # A mistyped index name must be an error, not a new index without a vector field.
        "action.auto_create_index": False,
        "action.destructive_requires_name": True,
    }
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
    (paths.config / "opensearch.yml").write_text(lines, "utf-8")
    (paths.config / "log4j2.properties").write_text(
        "status = error\nappender.console.type = Console\nappender.console.name = console\n"
        "appender.console.layout.type = PatternLayout\n"
        "appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n\n"
        "rootLogger.level = info\nrootLogger.appenderRef.console.ref = console\n"
    )
    policy = 'grant { permission java.lang.RuntimePermission "localeServiceProvider"; };\n'
    (paths.config / "java.policy").write_text(policy)
