"""The node's process: its folders, ports, configuration and command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from clipseek.files.processes import identity

from .artifacts import Lock
from .errors import PortTaken, UnreachableFolder
from .java import Java
from .paths import NodePaths, is_root
from .state import NodeState

NOBODY = 65534  # root's node runs as this user: OpenSearch refuses to run as root
PREFERRED_PORT = 9200

# The node outlives whoever started it. Kept here because a Popen that is thrown away while its process runs complains.
_started: list[subprocess.Popen[bytes]] = []


def launch(
    paths: NodePaths,
    home: Path,
    java: Java,
    port: int | None,
    heap: str,
    on_progress: Callable[[str], None],
    *,
    ml: bool = False,
) -> NodeState:
    """Start the process of the node assembled at ``home``; it is not ``ready`` yet. Raises PortTaken, UnreachableFolder."""
    http_port, transport_port = _free_ports(port)
    user = NOBODY if is_root() else None
    for folder in (paths.node, paths.indices, paths.config, paths.scratch):
        make_folder(folder)
    _configure(paths, http_port, transport_port)
    if user is not None:
        _hand_over(paths, home, user)
    on_progress(f"starting OpenSearch on 127.0.0.1:{http_port} (Java {java.version}, heap {heap})")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENSEARCH_", "JAVA_TOOL"))
    }
    with paths.log.open("wb") as log:  # one start, one log: the last error must be this start's
        process = subprocess.Popen(
            _arguments(paths, home, java, heap),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=paths.scratch,
            env={**environment, "HOME": str(paths.scratch)},
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    _started.append(process)
    state = NodeState(
        pid=process.pid,
        identity=identity(process.pid) or "",
        url=f"http://127.0.0.1:{http_port}",
        version=Lock.shipped().version,
        started_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        ready=False,
        ml=ml,
    )
    state.write(paths.state)
    return state


def _arguments(paths: NodePaths, home: Path, java: Java, heap: str) -> list[str]:
    """The command line of the node's process."""
    return [
        str(java.path),
        f"-Xms{heap}",
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",  # two cores: a concurrent collector's threads cost more than they save
        "-XX:-UsePerfData",
        "-Djava.security.manager=allow",
        "-Djava.locale.providers=CLDR,SPI",
        f"-Djava.security.policy={paths.config / 'java.policy'}",
        f"-Djava.io.tmpdir={paths.scratch}",
        f"-Dopensearch.path.home={home}",
        f"-Dopensearch.path.conf={paths.config}",
        "-Dopensearch.distribution.type=tar",
        "-Dlog4j2.disable.jmx=true",
        *(["--add-modules", "jdk.incubator.vector"] if java.vectors else []),
        "-cp",
        f"{home / 'lib'}/*",
        "org.opensearch.bootstrap.OpenSearch",
    ]


def _free_ports(wish: int | None) -> tuple[int, int]:
    """A port for HTTP (the wish, 9200, or any) and one for OpenSearch's own transport (any), both free just now."""
    with socket.socket() as first, socket.socket() as second:
        for port in (wish,) if wish is not None else (PREFERRED_PORT, 0):
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                first.bind(("127.0.0.1", port))
            except OSError as problem:
                if wish is not None:
                    raise PortTaken(
                        f"port {wish} cannot be used ({problem.strerror}); choose another with --port"
                    ) from None
                continue
            second.bind(("127.0.0.1", 0))
            return int(first.getsockname()[1]), int(second.getsockname()[1])
    raise PortTaken("no free port on 127.0.0.1; end something that listens there")


def _configure(paths: NodePaths, http_port: int, transport_port: int) -> None:
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


def make_folder(folder: Path) -> None:
    """Make a folder that every user may enter where this one is root. Raises UnreachableFolder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_root():
            folder.chmod(0o755)
    except OSError as problem:
        raise UnreachableFolder(
            f"{folder} cannot be made ({problem.strerror}); choose other folders with CLIPSEEK_DATA and CLIPSEEK_CACHE"
        ) from None


def _hand_over(paths: NodePaths, home: Path, user: int) -> None:
    """Give root's node folders to the user that the node runs as, and make sure that it can get there."""
    for folder in (paths.indices, paths.config, paths.scratch):
        for root, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                os.chown(os.path.join(root, name), user, user)
    for target in (home, paths.indices):
        for parent in target.parents:
            if not parent.stat().st_mode & 0o001:
                raise UnreachableFolder(
                    f"the node runs as another user than root, who cannot look into {parent}; choose folders that everybody may "
                    "enter with CLIPSEEK_DATA and CLIPSEEK_CACHE, or run as an ordinary user"
                )
