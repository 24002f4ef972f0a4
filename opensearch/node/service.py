"""Start, stop and look after the one embedded node."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from clipseek.opensearch.node.artifacts import Lock, assembled
from clipseek.opensearch.node.errors import PortTaken, StartFailed, UnreachableFolder, UnsupportedSystem
from clipseek.opensearch.node.identity import identity
from clipseek.opensearch.node.java import Java, find_java
from clipseek.opensearch.node.paths import NodePaths, is_root
from clipseek.opensearch.node.state import NodeState, read_state

NOBODY = 65534  # root's node runs as this user: OpenSearch refuses to run as root
PREFERRED_PORT = 9200
START_SECONDS = 120.0

Progress = Callable[[str], None]

# The node outlives whoever started it. Kept here because a Popen that is thrown away while its process runs complains.
_started: list[subprocess.Popen[bytes]] = []


def quiet(message: str) -> None:
    """No progress."""


def start(paths: NodePaths, *, port: int | None = None, heap: str = "1g", on_progress: Progress = quiet) -> NodeState:
    """The running node, started now or before. Two starts at once give one node; leftovers of a crash are cleared away.

    ``port`` is a wish that must be met; without it 9200 or any free one is taken. Raises NodeError's tree.
    """
    if sys.platform == "win32":
        raise UnsupportedSystem(
            "the embedded node runs on Linux and macOS; on Windows use WSL, or docker/compose.yaml and --url"
        )
    if not re.fullmatch(r"[1-9]\d{0,5}[mg]", heap):
        raise StartFailed(f"heap {heap!r} is no size; write it like 512m or 2g")
    _make(paths.data)
    _make(paths.cache)
    with locked(paths.lock):
        state = read_state(paths.state)
        if state is not None and state.alive():
            if not state.ready:
                # Somebody was killed while waiting for it: the node itself may be well.
                on_progress("a node is already starting; waiting for it")
                return _wait(paths, state, on_progress)
            if port is not None and not state.url.endswith(f":{port}"):
                raise PortTaken(f"a node runs at {state.url} already; stop it first: clipseek node stop")
            return state
        if state is not None:
            on_progress("the last node ended without saying so; clearing up after it")
            paths.state.unlink(missing_ok=True)
        java = find_java()
        with locked(paths.jars_lock):
            home = assembled(Lock.shipped(), paths, on_progress)
        return _launch(paths, home, java, port, heap, on_progress)


def stop(paths: NodePaths, seconds: float = 30.0) -> bool:
    """Stop the node; False where none ran. A process that only has the old pid is left alone."""
    _make(paths.data)
    with locked(paths.lock):
        state = read_state(paths.state)
        if state is None or not state.alive():
            paths.state.unlink(missing_ok=True)
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, number)
            end = time.monotonic() + seconds
            while state.alive() and time.monotonic() < end:
                _collect(state.pid)
                time.sleep(0.05)
            if not state.alive():
                break
        paths.state.unlink(missing_ok=True)
        return True


def reset(paths: NodePaths, everything: bool = False) -> list[Path]:
    """Stop the node and remove its data (with ``everything`` the fetched artifacts too). Returns what was removed."""
    stop(paths)
    removed = []
    for folder in (paths.node, *([paths.jars] if everything else [])):
        if folder.exists():
            shutil.rmtree(folder)
            removed.append(folder)
    return removed


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; the system lets go of it when the process ends, however it ends."""
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def last_error(log: Path) -> str:
    """The last line of the log that says what went wrong, or an empty string."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()[-400:]
    except OSError:
        return ""
    signs = ("Exception", "ERROR", "Error:", "error:", "Unrecognized", "Could not", "FATAL", "No space")
    found = [
        line.strip() for line in lines if any(sign in line for sign in signs) and not line.strip().startswith("at ")
    ]
    return found[-1][:240] if found else (lines[-1].strip()[:240] if lines else "")


def _launch(paths: NodePaths, home: Path, java: Java, port: int | None, heap: str, on_progress: Progress) -> NodeState:
    http_port, transport_port = _free_ports(port)
    user = NOBODY if is_root() else None
    for folder in (paths.node, paths.indices, paths.config, paths.scratch):
        _make(folder)
    _configure(paths, http_port, transport_port)
    if user is not None:
        _hand_over(paths, home, user)
    arguments = [
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
    on_progress(f"starting OpenSearch on 127.0.0.1:{http_port} (Java {java.version}, heap {heap})")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENSEARCH_", "JAVA_TOOL"))
    }
    with paths.log.open("wb") as log:  # one start, one log: the last error must be this start's
        process = subprocess.Popen(
            arguments,
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
        java=str(java.path),
        heap=heap,
        user=user,
        started_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        ready=False,
    )
    state.write(paths.state)
    return _wait(paths, state, on_progress)


def _wait(paths: NodePaths, state: NodeState, on_progress: Progress) -> NodeState:
    """Wait until the node answers; then it is ``ready``. Raises StartFailed, and leaves no process behind."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        _collect(state.pid)
        if not state.alive():
            paths.state.unlink(missing_ok=True)
            raise StartFailed(
                f"OpenSearch ended while starting: {last_error(paths.log) or 'no reason given'} (log: {paths.log})"
            )
        if _answers(state.url):
            ready = NodeState(**{**state.__dict__, "ready": True})
            ready.write(paths.state)
            on_progress(f"OpenSearch answers at {state.url}")
            return ready
        time.sleep(0.1)
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGKILL)
    paths.state.unlink(missing_ok=True)
    raise StartFailed(
        f"OpenSearch did not answer within {START_SECONDS:.0f} s and was ended; its log: {paths.log}, or try --heap 512m"
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_cluster/health?wait_for_status=yellow&timeout=5s", timeout=10) as answer:
            return bool(json.load(answer)["status"] in ("green", "yellow"))
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return False


def _collect(pid: int) -> None:
    """Let go of an ended child of ours, which would else count as a running process."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _free_ports(wish: int | None) -> tuple[int, int]:
    """A port for HTTP (the wish, 9200, or any) and one for OpenSearch's own talk (any), both free just now."""
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


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_root():
            folder.chmod(0o755)
    except OSError as problem:
        raise UnreachableFolder(
            f"{folder} cannot be made ({problem.strerror}); choose other folders with CLIPSEEK_DATA and CLIPSEEK_CACHE"
        ) from None
