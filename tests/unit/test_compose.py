"""docker/compose.yaml, as far as it can be tried without images: its services, and the commands of clipseek in it."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from typing import Any

import click
import pytest
from clipseek.cli.main import root

from tests.shipped import ROOT

yaml: Any = importlib.import_module("yaml")
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text("utf-8"))["services"]
OWN = {name: service for name, service in SERVICES.items() if service["image"] == "${CLIPSEEK_IMAGE:-clipseek}"}
#: Those that run the command itself.
COMMANDS = [name for name, service in OWN.items() if "entrypoint" not in service]


def test_one_command_starts_all_of_it() -> None:
    assert SERVICES.keys() == {"secrets", "opensearch", "users", "dashboards", "ingest", "serve", "boards"}
    for service in SERVICES.values():
        for other, when in service.get("depends_on", {}).items():
            assert when["condition"] == "service_completed_successfully" or "healthcheck" in SERVICES[other]
        # Nothing is reached from other machines.
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        assert service in OWN.values() or ":2.19.1}" in service["image"]
    gpu = yaml.safe_load((ROOT / "docker" / "compose.gpu.yaml").read_text("utf-8"))
    assert gpu["services"].keys() <= SERVICES.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_understood(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = list(OWN[name]["command"])
    command: Any = root
    context = click.Context(root, info_name="clipseek")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
        context = click.Context(command, parent=context, info_name=command.name)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
    folders = {re.sub(r"\$\{[^}]*\}", "variable", volume).split(":")[1] for volume in OWN[name]["volumes"]}
    assert {f"/{word.split('/')[1]}" for word in words if word.startswith("/")} <= folders


def test_secrets_are_files_of_the_one_service_that_needs_them() -> None:
    kept = {"administrator", "opensearch-secrets", "dashboards-secrets", "clipseek-secrets"}
    for name, service in SERVICES.items():
        told = [*service.get("command", ()), *map(str, service["environment"].values())]
        assert not [word for word in told if "password" in word.lower() or "INITIAL_ADMIN" in word], name
        assert not [key for key in service["environment"] if "PASSWORD" in key or key == "DISABLE_SECURITY_PLUGIN"]
        seen = {volume.split(":")[0]: volume for volume in service["volumes"] if volume.split(":")[0] in kept}
        if name == "secrets":
            assert seen.keys() == kept
            continue
        assert len(seen) == 1, name
        assert all(volume.endswith(":ro") for volume in seen.values()), name
    assert SERVICES["secrets"]["cap_add"] == ["CHOWN"]  # the one power of root that anything here has
    assert SERVICES["secrets"]["network_mode"] == "none"
    assert not [name for name, service in SERVICES.items() if "cap_add" in service and name != "secrets"]


def test_no_service_may_more_than_it_needs() -> None:
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert "privileged" not in service, name
    for service in OWN.values():
        assert service["read_only"] is True
    for name in COMMANDS:
        service = OWN[name]
        sources = [volume for volume in service["volumes"] if ":/pictures" in volume or ":/bundle" in volume]
        assert all(volume.endswith(":ro") for volume in sources)
        assert service["environment"]["CLIPSEEK_MODEL"] == "/bundle"  # the host's folder is another user's in there


def test_the_image_has_a_user_of_its_own_two_stages_and_a_health_check() -> None:
    lines = (ROOT / "docker" / "Dockerfile").read_text("utf-8").splitlines()
    stages = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    assert len(stages) == 2
    last = lines[stages[1] :]
    assert "USER 10001:10001" in last
    assert not [line for line in last if "pip install" in line or "python3-venv" in line]
    assert any(line.startswith("HEALTHCHECK ") for line in last)


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
@pytest.mark.parametrize("files", [("compose.yaml",), ("compose.yaml", "compose.gpu.yaml")])
def test_compose_reads_its_files(files: tuple[str, ...]) -> None:
    words = [word for name in files for word in ("-f", str(ROOT / "docker" / name))]
    done = subprocess.run(["docker-compose", *words, "config"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "/bundle:ro" in done.stdout
