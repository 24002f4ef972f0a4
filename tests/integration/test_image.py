"""clipseek's own image, built from packages alone (``make test-image``): run with nothing to write to but /data."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from clipseek.opensearch.server.client import connect

from tests.pictures import picture
from tests.shipped import ROOT, TUNED

pytestmark = [pytest.mark.integration, pytest.mark.soak]  # it builds an image for minutes
NAME = "clipseek:test"
CLOSED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


@pytest.fixture(scope="module")
def image() -> str:
    """Built from the files of this checkout; CLIPSEEK_IMAGE names one that is built already."""
    if named := os.environ.get("CLIPSEEK_IMAGE"):
        return named
    subprocess.run([str(ROOT / "docker" / "build-image.sh"), NAME], check=True, capture_output=True, text=True)
    return NAME


def docker(*words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["docker", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def volume(image: str) -> Iterator[str]:
    name = f"clipseek-test-{uuid4().hex[:8]}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", name)


@pytest.fixture
def mounted(tmp_path_factory: pytest.TempPathFactory, volume: str) -> Iterator[list[str]]:
    """Pictures and bundle, for every user to read."""
    folder = Path("/var/tmp") / f"clipseek-image-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    (folder / "pictures").mkdir()
    for number in range(6):
        picture(number, "RGB").save(folder / "pictures" / f"{number}.png")
    shutil.copytree(TUNED, folder / "bundle")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield [
        *("-v", f"{folder}/pictures:/pictures:ro", "-v", f"{folder}/bundle:/bundle:ro", "-v", f"{volume}:/data"),
        *("--network", "host", "-e", "CLIPSEEK_MODEL=/bundle"),
    ]
    shutil.rmtree(folder)


def test_it_runs_as_its_own_user_with_no_network_and_nothing_to_write_to(image: str) -> None:
    said = docker("run", "--rm", *CLOSED, "--network", "none", image, "--version").stdout
    assert said.startswith("clipseek, version ")
    run = ("run", "--rm", *CLOSED, "--network", "none", "--entrypoint", "python3", image, "-c")
    assert docker(*run, "import os; print(os.getuid(), os.getgid())").stdout == "10001 10001\n"
    script = "import importlib.util as u, shutil; print(u.find_spec('pip'), shutil.which('gcc'), shutil.which('pip'))"
    assert docker(*run, script).stdout == "None None None\n"
    assert "Read-only file system" in docker(*run, "open('/opt/clipseek/x', 'w')", code=1).stderr


def test_pictures_that_are_mounted_read_only_are_ingested_searched_and_served(
    image: str, opensearch_url: str, mounted: list[str]
) -> None:
    alias = f"test-image-{uuid4().hex[:8]}"
    run = ("run", "--rm", *CLOSED, *mounted, "-e", f"CLIPSEEK_URL={opensearch_url}", "-e", f"CLIPSEEK_INDEX={alias}")
    served = ""
    try:
        done = docker(*run, image, "ingest", "/pictures", "--index", alias)
        assert "6 indexed" in " ".join(done.stdout.split())
        hits = docker(*run, image, "search", "a picture", "--index", alias).stdout.splitlines()
        assert len(hits) == 6
        assert all("\tfile:///pictures/" in hit for hit in hits)
        words = ("serve", "--index", alias, "--pictures", "/pictures", "--port", "18642", "--token-file", "/data/token")
        served = docker("run", "--detach", *run[2:], "--health-interval", "1s", image, *words).stdout.strip()
        until = time.monotonic() + 60
        while (state := _health(served)) != "healthy" and time.monotonic() < until:
            time.sleep(0.5)
        assert state == "healthy"
    finally:
        if served:
            docker("rm", "--force", served)
        connect(opensearch_url).indices.delete(index=f"{alias}-*", params={"ignore_unavailable": "true"})


def _health(container: str) -> str:
    return docker("inspect", "--format", "{{.State.Health.Status}}", container).stdout.strip()
