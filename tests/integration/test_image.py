"""clipseek's own image, built from packages alone (``make test-image``): run with nothing to write to but /data; and
docker/compose.yaml with it and the test's image of OpenSearch, all but Dashboards, whose image no registry is there for.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from clipseek.opensearch.server.client import connect

from tests.integration.conftest import IMAGE, docker_answers
from tests.pictures import picture
from tests.ports import free_port
from tests.shipped import ROOT, TUNED

pytestmark = [
    pytest.mark.integration,
    pytest.mark.soak,  # it builds an image for minutes
    pytest.mark.skipif(
        not os.environ.get("CLIPSEEK_REQUIRE_DOCKER") and not docker_answers(), reason="no Docker engine answers"
    ),
]
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
def folder() -> Iterator[Path]:
    """Pictures and bundle, for every user to read."""
    folder = Path("/var/tmp") / f"clipseek-image-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    (folder / "pictures").mkdir()
    for number in range(6):
        picture(number, "RGB").save(folder / "pictures" / f"{number}.png")
    shutil.copytree(TUNED, folder / "bundle")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def mounted(folder: Path, volume: str) -> list[str]:
    return [
        *("-v", f"{folder}/pictures:/pictures:ro", "-v", f"{folder}/bundle:/bundle:ro", "-v", f"{volume}:/data"),
        *("--network", "host", "-e", "CLIPSEEK_MODEL=/bundle"),
    ]


def coming_in(folder: Path) -> list[str]:
    """As the tests come in themselves; docker takes the values from the environment, and the authority's certificate as a file."""
    words = [word for name in ("CLIPSEEK_USERNAME", "CLIPSEEK_PASSWORD") if name in os.environ for word in ("-e", name)]
    if authority := os.environ.get("CLIPSEEK_CA_CERTS"):
        (folder / "authority.pem").write_bytes(Path(authority).read_bytes())
        (folder / "authority.pem").chmod(0o644)
        words += ["-v", f"{folder}/authority.pem:/authority.pem:ro", "-e", "CLIPSEEK_CA_CERTS=/authority.pem"]
    return words


def test_it_runs_as_its_own_user_with_no_network_and_nothing_to_write_to(image: str) -> None:
    said = docker("run", "--rm", *CLOSED, "--network", "none", image, "--version").stdout
    assert said.startswith("clipseek, version ")
    run = ("run", "--rm", *CLOSED, "--network", "none", "--entrypoint", "python3", image, "-c")
    assert docker(*run, "import os; print(os.getuid(), os.getgid())").stdout == "10001 10001\n"
    script = "import importlib.util as u, shutil; print(u.find_spec('pip'), shutil.which('gcc'), shutil.which('pip'))"
    assert docker(*run, script).stdout == "None None None\n"
    assert "Read-only file system" in docker(*run, "open('/opt/clipseek/x', 'w')", code=1).stderr


def test_pictures_that_are_mounted_read_only_are_ingested_searched_and_served(
    image: str, opensearch_url: str, folder: Path, mounted: list[str]
) -> None:
    alias = f"test-image-{uuid4().hex[:8]}"
    run = ("run", "--rm", *CLOSED, *mounted, *coming_in(folder), "-e", f"CLIPSEEK_URL={opensearch_url}")
    run = (*run, "-e", f"CLIPSEEK_INDEX={alias}")
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
            docker("rm", "--force", "--volumes", served)
        connect(opensearch_url).indices.delete(index=f"{alias}-*", params={"ignore_unavailable": "true"})


def _health(container: str) -> str:
    return docker("inspect", "--format", "{{.State.Health.Status}}", container).stdout.strip()


def test_compose_starts_closed_with_passwords_in_files_alone_and_makes_new_ones(image: str, folder: Path) -> None:
    server, page = free_port(), free_port()
    given = {
        "PICTURES": f"{folder}/pictures",
        "BUNDLE": f"{folder}/bundle",
        "CLIPSEEK_IMAGE": image,
        "OPENSEARCH_IMAGE": IMAGE,
        "OPENSEARCH_JAVA_OPTS": "-Xms512m -Xmx512m",
        "OPENSEARCH_PORT": str(server),
        "PAGE_PORT": str(page),
    }
    project = f"clipseek-test-{uuid4().hex[:8]}"
    file = ROOT / "docker" / "compose.yaml"

    def compose(*words: str) -> str:
        command = ["docker-compose", "-p", project, "-f", str(file), *words]
        done = subprocess.run(
            command, env={**os.environ, **given}, capture_output=True, text=True, check=False, timeout=800
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def password() -> str:
        return compose(
            "run", "--rm", "--no-deps", "--entrypoint", "cat", "users", "/secrets/administrator/password"
        ).strip()

    def answered(user: str = "") -> int:
        """To somebody who trusts any certificate."""
        asked = urllib.request.Request(f"https://127.0.0.1:{server}/_search")
        if user:
            asked.add_header("Authorization", f"Basic {b64encode(user.encode()).decode()}")
        try:
            with urllib.request.urlopen(asked, timeout=30, context=ssl._create_unverified_context()) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    services = ("secrets", "opensearch", "users", "ingest", "serve")
    try:
        compose("up", "-d", *services)
        assert "6 indexed" in " ".join(compose("logs", "--no-color", "ingest").split())
        hits = compose("exec", "-T", "serve", "clipseek", "search", "a picture", "--index", "pictures").splitlines()
        assert len(hits) == 6
        first = password()
        assert (answered(), answered(f"admin:{first}")) == (401, 200)
        containers = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project}").stdout
        assert first not in docker("inspect", *containers.split()).stdout
        command = docker("exec", compose("ps", "-q", "opensearch").strip(), "cat", "/proc/1/cmdline").stdout
        assert "plugins.security.ssl.http.enabled=true" in command
        assert first not in command
        user = compose("exec", "-T", "serve", "clipseek", "server", "check")
        assert "clipseek_ingest" in user
        assert "all_access" not in user

        compose("run", "--rm", "--no-deps", "secrets", "renew")
        compose("up", "-d", "--force-recreate", *services)
        assert (answered(f"admin:{first}"), answered(f"admin:{password()}")) == (401, 200)
        assert "6 unchanged" in " ".join(compose("logs", "--no-color", "ingest").split())
    finally:
        compose("down", "--volumes", "--timeout", "5")
