"""What the node reads when it starts: OpenSearch's settings, its log's, and a policy of Java; written anew at every start."""

from __future__ import annotations

import json
import os

from ..closed.closing import security_settings, write_security
from ..folders import fresh_folder, write_private
from ..paths import NodePaths
from .user import User

#: The log's files: this size, and so many of before.
_LOG_MEGABYTES, _LOG_FILES = 10, 3
_POLICY = 'grant { permission java.lang.RuntimePermission "localeServiceProvider"; };\n'


def configure(paths: NodePaths, http_port: int, transport_port: int, user: User | None, closed: bool) -> None:
    """Fill the fresh folder ``paths.config``. The node may read it, and where it is another's (``user``) add its key store, but
    change nothing.
    """
    settings = {
        "cluster.name": "clipseek",
        "node.name": "embedded",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": http_port,
        "transport.port": transport_port,
        "path.data": str(paths.indices),
        "path.logs": str(paths.logs),
        # By what is free and not by per cent: of a large disk a tenth is plenty, of a small one nothing.
        "cluster.routing.allocation.disk.watermark.low": "2gb",
        "cluster.routing.allocation.disk.watermark.high": "1gb",
        "cluster.routing.allocation.disk.watermark.flood_stage": "500mb",
        # A mistyped index name must be an error, not a new index without a vector field.
        "action.auto_create_index": False,
        "action.destructive_requires_name": True,
        **(security_settings() if closed else {}),
    }
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
    group = None if user is None else user.gid
    fresh_folder(paths.config)
    write_private(paths.config / "opensearch.yml", lines, group)
    write_private(paths.config / "log4j2.properties", _log4j(paths), group)
    write_private(paths.config / "java.policy", _POLICY, group)
    if closed:
        write_security(paths, user)
    _open_to_node(paths, user)


def _open_to_node(paths: NodePaths, user: User | None) -> None:
    """Let the node's user into its configuration: it may add files and, by the sticky bit, change none of root's."""
    if user is not None:
        os.chown(paths.config, 0, user.gid, follow_symlinks=False)
        paths.config.chmod(0o1770)


def _log4j(paths: NodePaths) -> str:
    pattern = "layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n"
    return f"""status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {paths.log}
appender.file.filePattern = {paths.log.with_suffix("")}.%i.log
appender.file.layout.type = PatternLayout
appender.file.{pattern}
appender.file.policies.type = Policies
appender.file.policies.start.type = OnStartupTriggeringPolicy
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = {_LOG_MEGABYTES}MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = {_LOG_FILES}
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""
