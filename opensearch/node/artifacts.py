"""From the lock file to a folder that OpenSearch starts from: fetched, checked, assembled whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from clipseek.files.processes import locked
from clipseek.files.text import reason_of
from clipseek.files.whole import whole_folder

from .errors import ArtifactError
from .folders import ASSEMBLED, MARK
from .paths import NodePaths


@dataclass(frozen=True)
class Artifact:
    """One file: Maven coordinates ``group:artifact:version:type[:classifier]``, and where in the node it goes."""

    coordinates: str
    target: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        _, artifact, version, kind, *classifier = self.coordinates.split(":")
        return f"{'-'.join([artifact, version, *classifier])}.{kind}"


class Lock:
    """The lock file: what the node is made of, and what else it gets (``added``, other files of artifacts). The digest of all
    names the assembled folder, so that a new lock makes a new one.
    """

    def __init__(self, text: str, *added: str) -> None:
        self.digest = hashlib.sha256("".join((text, *added)).encode()).hexdigest()[:12]
        self._content: dict[str, Any] = json.loads(text)
        for more in added:
            self._content["artifacts"] += json.loads(more)["artifacts"]
        self.version: str = self._content["version"]
        self.modules: dict[str, dict[str, Any]] = self._content["modules"]

    @classmethod
    def shipped(cls, *, ml: bool = False, closed: bool = False) -> Lock:
        """``ml``: with ml-commons, by which the server itself calls an encoder, and the job scheduler that it needs. ``closed``:
        with the security plugin.
        """
        folder = resources.files("clipseek.opensearch.node")
        names = ["lock.json", *(["security_lock.json"] if closed else []), *(["ml_lock.json"] if ml else [])]
        return cls(*(folder.joinpath(name).read_text("utf-8") for name in names))

    @cached_property
    def artifacts(self) -> list[Artifact]:
        return [Artifact(a["artifact"], a["target"], a["size"], a["sha256"]) for a in self._content["artifacts"]]


Fetch = Callable[[Artifact, Path], Path]


def fetch_by_jgo(artifact: Artifact, cache: Path) -> Path:
    """The artifact's file in jgo's cache, fetched from the repositories that jgo is set up with when it is not there."""
    from jgo.maven import MavenContext

    group, name, version, kind, *classifier = artifact.coordinates.split(":")
    component = MavenContext(repo_cache=cache).project(group, name).at_version(version)
    file = component.artifact(packaging=kind, **({"classifier": classifier[0]} if classifier else {})).resolve()
    return Path(file)


def assembled(lock: Lock, paths: NodePaths, on_progress: Callable[[str], None], fetch: Fetch = fetch_by_jgo) -> Path:
    """The folder with lib/, modules/ and plugins/, made on the first call, by one process at a time.

    Raises ArtifactError when an artifact cannot be fetched or is not the one of the lock.
    """
    home, repository = paths.jars / f"opensearch-{lock.version}-{lock.digest}", paths.jars / "repository"
    paths.cache.mkdir(parents=True, exist_ok=True)
    with locked(paths.jars_lock):
        if not (home / ASSEMBLED).is_file():
            total = sum(artifact.size for artifact in lock.artifacts) / 1e6
            paths.jars.mkdir(exist_ok=True)
            (paths.jars / MARK).touch()
            on_progress(f"fetching OpenSearch {lock.version} ({len(lock.artifacts)} files, {total:.0f} MB; once)")
            with ThreadPoolExecutor(8) as pool:
                files = list(pool.map(lambda artifact: _checked(artifact, repository, fetch), lock.artifacts))
            with whole_folder(home) as folder:
                _assemble(folder, lock, files)
    return home


def _assemble(home: Path, lock: Lock, files: list[Path]) -> None:
    """Fill the empty folder ``home`` with the artifacts' ``files``, in the order of the lock, readable by every user."""
    for artifact, file in zip(lock.artifacts, files, strict=True):
        folder = home / artifact.target
        folder.mkdir(parents=True, exist_ok=True)
        if artifact.name.endswith(".zip"):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
        else:
            _link(file, folder / artifact.name)
    for name, module in lock.modules.items():
        _describe(home / "modules" / name, name, lock.version, module)
    for name in ("bin", "extensions"):
        (home / name).mkdir()  # OpenSearch makes them when they are missing, and may not write here
    (home / ASSEMBLED).write_text(lock.digest)
    for root, folders, names in os.walk(home):
        for entry in (*folders, *names):
            os.chmod(os.path.join(root, entry), 0o755 if entry in folders else 0o644)
    home.chmod(0o755)


def _checked(artifact: Artifact, repository: Path, fetch: Fetch) -> Path:
    """The artifact's file, of the lock's hash. A file that is not (a download cut short) is fetched again."""
    for attempt in (1, 2, 3):
        try:
            file = fetch(artifact, repository)
            data = file.read_bytes()
        except Exception as problem:  # jgo passes on whatever its HTTP library raises
            if attempt < 3:
                time.sleep(attempt)
                continue
            raise ArtifactError(
                f"{artifact.coordinates} could not be fetched ({reason_of(problem)}); check the network and run the command again: "
                "what has arrived is kept"
            ) from None
        if len(data) == artifact.size and hashlib.sha256(data).hexdigest() == artifact.sha256:
            return file
        file.unlink(missing_ok=True)
        if attempt == 3:
            raise ArtifactError(
                f"{artifact.coordinates} is not the file of the lock (SHA-256 differs, {len(data)} bytes instead of "
                f"{artifact.size}); it was thrown away, run the command again, and distrust the repository if this goes on"
            )
    raise AssertionError("unreachable")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _describe(folder: Path, name: str, version: str, module: dict[str, Any]) -> None:
    """Descriptor and security policy, which the distribution adds to a module's jar and the repository's lacks."""
    facts = {
        "description": name,
        "version": version,
        "name": name,
        "classname": module["class"],
        "java.version": "11",
        "opensearch.version": version,
        "extended.plugins": "",
        "has.native.controller": "false",
    }
    (folder / "plugin-descriptor.properties").write_text("".join(f"{key}={value}\n" for key, value in facts.items()))
    if module["policy"]:
        rows = "".join(f"  permission {line};\n" for line in module["policy"])
        (folder / "plugin-security.policy").write_text(f"grant {{\n{rows}}};\n")
