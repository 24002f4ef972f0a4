"""The node's process: its user, its folders, its environment and its command line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from clipseek.files.processes import identity

from ..artifacts import Lock
from ..closed.certificates import make_certificates
from ..errors import UnreachableFolder
from ..folders import fresh_folder, make_node_folder
from ..paths import NodePaths
from ..state import NodeState
from .configuration import configure
from .java import Java, java_for
from .memory import CONCURRENT, megabytes
from .port import free_ports
from .user import User, give, node_user

#: All that the node's Java gets of the environment: secrets of whoever starts it stand there, and options that change it.
_ENVIRONMENT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")


@dataclass(frozen=True)
class Wanted:
    """How a node is to run. port: None is 9200 or any free one. heap: as Java writes it. ml: with ml-commons.
    closed: with TLS and passwords."""

    port: int | None = None
    heap: str = "1024m"
    ml: bool = False
    closed: bool = True


def launch(paths: NodePaths, home: Path, java: Java, wanted: Wanted, on_progress: Callable[[str], None]) -> NodeState:
    """Start the process of the node assembled at ``home``; it is not ``ready`` yet. Raises PortTaken, UnreachableFolder."""
    http_port, transport_port = free_ports(wanted.port)
    user = node_user(on_progress)
    make_node_folder(paths, None if user is None else user.gid)
    give(paths.indices, user)
    give(paths.logs, user)
    fresh_folder(paths.scratch)
    if user is not None:
        os.chown(paths.scratch, user.uid, user.gid, follow_symlinks=False)
        java = java_for(java, user, paths.jars, on_progress)
        _check_reach(user, home, paths.indices)
    if wanted.closed and make_certificates(paths):
        on_progress(f"made a certificate authority for this node: {paths.authority}")
    configure(paths, http_port, transport_port, user, wanted.closed)
    on_progress(f"starting OpenSearch on 127.0.0.1:{http_port} (Java {java.version}, heap {shown(wanted.heap)})")
    process = _process(paths, _arguments(paths, home, java, wanted.heap), user)
    process.returncode = 0  # the node outlives whoever started it; a Popen that is thrown away without a code complains
    state = NodeState(
        pid=process.pid,
        identity=identity(process.pid) or "",
        url=f"{'https' if wanted.closed else 'http'}://127.0.0.1:{http_port}",
        version=Lock.shipped().version,
        started_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        ready=False,
        ml=wanted.ml,
        heap=wanted.heap,
        closed=wanted.closed,
    )
    state.write(paths.state)
    return state


def shown(heap: str) -> str:
    """``6144m`` as people say it: ``6.0 GiB``."""
    size = megabytes(heap)
    return f"{size / 1024:.1f} GiB" if size >= 1024 else f"{size} MiB"


def _process(paths: NodePaths, arguments: list[str], user: User | None) -> subprocess.Popen[bytes]:
    paths.started.unlink(missing_ok=True)  # one start, one file: the last error must be this start's
    descriptor = os.open(paths.started, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=paths.scratch,
            env={
                **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                "HOME": str(paths.scratch),
            },
            start_new_session=True,
            umask=0o077,
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
        )


def _arguments(paths: NodePaths, home: Path, java: Java, heap: str) -> list[str]:
    """The command line of the node's process."""
    size = megabytes(heap)
    # On a small heap a concurrent collector's threads cost more than they save; on a large one all stands still without them.
    collector = "-XX:+UseG1GC" if size >= CONCURRENT else "-XX:+UseSerialGC"
    return [
        str(java.path),
        f"-Xms{min(size, 1024)}m",  # memory that it has not needed stays with the rest of the machine
        f"-Xmx{size}m",
        collector,
        # Out of memory, a node answers some requests and not others; ended, it is seen and started again.
        "-XX:+ExitOnOutOfMemoryError",
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


def _check_reach(user: User, *targets: Path) -> None:
    """Raises UnreachableFolder where the node's user cannot get to one of the ``targets``."""
    for target in targets:
        for parent in target.parents:
            found = parent.stat()
            bit = 0o100 if found.st_uid == user.uid else 0o010 if found.st_gid == user.gid else 0o001
            if not found.st_mode & bit:
                raise UnreachableFolder(
                    f"the node runs as another user than root, who cannot look into {parent}; choose folders that everybody may "
                    "enter with CLIPSEEK_DATA and CLIPSEEK_CACHE, or run as an ordinary user"
                )
