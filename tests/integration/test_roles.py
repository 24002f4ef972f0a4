"""Every command's needs against the roles of ``clipseek security setup``, written for some indexes alone, on a closed server: what
a role is for works by it, and what it is not for is refused in one line.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio
import click
import pytest
from clipseek.opensearch.security.roles import ROLES, Role, role_body
from clipseek.opensearch.security.setup import API, new_password, write_user
from clipseek.opensearch.server.client import connect
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from PIL import Image

from tests.command import run_command
from tests.commands import commands
from tests.dashboards import fake_dashboards
from tests.integration.conftest import ClosedServer
from tests.served import serving
from tests.shipped import TUNED

pytestmark = pytest.mark.integration
ALIAS = f"test-roles-{uuid.uuid4().hex[:8]}"
PATTERNS = (f"{ALIAS}*", "clipseek-*")
#: As many as index advise and calibrate want.
PICTURES = 200
#: Every command that talks to a server: for the least role that may run it, words that run it; None where a test of its own does.
NEEDS: Mapping[str, tuple[Role, tuple[str, ...]] | None] = {
    "calibrate": ("ingest", ("{table}", "--queries", "100")),
    "dashboards check": ("search", ("--index", ALIAS)),
    "dashboards install": ("search", ("--output", "{folder}/boards.ndjson")),
    "index advise": ("admin", ("--vectors", "200", "--queries", "5", "--depth", "10")),
    "index check": ("search", ("--queries", "5")),
    "index delete": None,
    "index evaluate": ("search", ("{table}", "--queries", "5")),
    "index list": ("search", ("--json",)),
    "ingest": ("ingest", ("{folder}",)),
    "judgments export": None,
    "mcp": None,
    "neural remove": None,  # by test_neural.py, on a server with ml-commons
    "neural setup": None,
    "neural status": None,
    "pipelines default": ("ingest", (f"{ALIAS}-default",)),
    "pipelines delete": None,
    "pipelines list": ("search", ()),
    "pipelines put": ("admin", (f"{ALIAS}-put", "--weight", "0.5")),
    "pipelines show": ("search", (f"{ALIAS}-default",)),
    "search": ("search", ("a red thing", "--hybrid", "--facet", "width", "--explain")),
    "security setup": None,  # an administrator of the server's, by test_closed_node.py
    "serve": None,
    "server check": ("search", ()),
    "tune": ("ingest", ("{table}", "--queries", "20")),
}
#: What these do without writing needs less than they do.
READING = {"calibrate": "--dry-run", "tune": "--dry-run", "ingest": "--dry-run"}


@dataclass(frozen=True)
class Users:
    """One user of each role, by their environment; and the pictures that are indexed."""

    url: str
    environments: Mapping[Role, Mapping[str, str]]
    pictures: Path

    def run(self, role: Role, *words: str | Path, code: int | None = 0) -> str:
        """stdout of the command as the role's user; ``code`` is expected, and where that is 1, a refusal. None: any but that."""
        done = run_command(*words, environment={**self.environments[role], "CLIPSEEK_URL": self.url})
        assert done.returncode == code or code is None, f"{words} as {role}: {done.stderr}"
        assert "Traceback" not in done.stderr
        assert ("does not let this user do that" in done.stderr) == (code == 1), done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def users(closed_server: ClosedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Users]:
    folder = tmp_path_factory.mktemp("roles")
    pictures = folder / "pictures"
    pictures.mkdir()
    for number, colour in enumerate(("red", "green", "blue", "black")):
        Image.new("RGB", (64, 48), colour).save(pictures / f"{number}.png")
        (pictures / f"{number}.txt").write_text(f"a {colour} thing")
    environments: dict[Role, Mapping[str, str]] = {}
    for role in ROLES:
        password, name = new_password(), f"{ALIAS}-{role}"
        closed_server.ask("PUT", f"{API}/roles/{name}", role_body(role, PATTERNS))
        write_user(closed_server.ask, name, password, [name])
        environments[role] = {
            **closed_server.administrator,
            "CLIPSEEK_USERNAME": name,
            "CLIPSEEK_PASSWORD": password,
            "CLIPSEEK_INDEX": ALIAS,
            "CLIPSEEK_DATA": str(folder / "data"),
            "CLIPSEEK_MODEL": str(TUNED),
        }
    (judged := folder / "judged").mkdir()
    with (judged / "table.csv").open("w") as table:
        table.write("id,image,caption\n")
        for number in range(PICTURES):
            Image.new("RGB", (24, 24), (number, 255 - number, (37 * number) % 256)).save(judged / f"{number}.png")
            table.write(f"p{number},{number}.png,colour {number} of {PICTURES}\n")
    made = Users(closed_server.url, environments, pictures)
    made.run("ingest", "ingest", pictures)
    made.run("ingest", "ingest", judged / "table.csv")
    try:
        yield made
    finally:
        made.run("admin", "index", "delete", ALIAS, "--yes")
        for role in ROLES:
            closed_server.ask("DELETE", f"{API}/internalusers/{ALIAS}-{role}")
            closed_server.ask("DELETE", f"{API}/roles/{ALIAS}-{role}")


def test_every_command_that_talks_to_a_server_is_here() -> None:
    asking = {name for name, command in commands() if {"--url", "--opensearch"} & options(command)}
    assert asking == set(NEEDS)


def options(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("name", [name for name, needed in NEEDS.items() if needed])
def test_the_least_role_of_a_command_is_enough_and_one_less_is_refused(users: Users, name: str, tmp_path: Path) -> None:
    needed = NEEDS[name]
    assert needed is not None
    role, words = needed
    folder = tmp_path / "more"
    folder.mkdir()
    Image.new("RGB", (8, 8), (len(name), 1, 2)).save(folder / "one.png")
    places = {"folder": folder, "table": users.pictures.parent / "judged" / "table.csv"}
    command = [*name.split(), *(word.format(**places) for word in words)]
    if (stored := f"{ALIAS}-default") in command:
        users.run("admin", "pipelines", "put", stored, "--weight", "0.5")
    code = None if name == "dashboards check" else 0  # what is logged so far decides
    try:
        if role != "search":
            users.run(ROLES[ROLES.index(role) - 1], *command, code=1)
        if name in READING:
            users.run("search", *command, READING[name])
        users.run(role, *command, code=code)
    finally:
        if name == "pipelines default":
            users.run("ingest", "pipelines", "default", "--clear")
        if name.startswith("pipelines") and name != "pipelines list":
            users.run("admin", "pipelines", "delete", words[0], "--yes")


@pytest.mark.parametrize(
    "words",
    [("search", "--image", "{pictures}/0.png", "--vector", "--group-near"), ("search", "red", "--caption")],
    ids=" ".join,
)
def test_what_searching_needs(users: Users, words: tuple[str, ...]) -> None:
    users.run("search", *(word.format(pictures=users.pictures) for word in words))


@pytest.mark.parametrize(
    "words",
    [
        ("ingest", "{pictures}"),
        ("index", "delete", ALIAS, "--yes"),
        ("pipelines", "put", f"{ALIAS}-x", "--weight", "0.5"),
    ],
    ids=" ".join,
)
def test_what_who_searches_may_not(users: Users, words: tuple[str, ...]) -> None:
    before = users.run("search", "index", "list")
    assert ALIAS in before
    users.run("search", *(word.format(pictures=users.pictures) for word in words), code=1)
    assert users.run("search", "index", "list") == before


def test_what_filling_needs(users: Users, tmp_path: Path) -> None:
    """Another source, a column declared later, records replaced and taken away, and what tune and calibrate keep with the index."""
    Image.new("RGB", (64, 48), "yellow").save(tmp_path / "4.png")
    table = tmp_path / "table.csv"
    table.write_text("image,caption,year\n4.png,a yellow thing,2020\n")
    users.run("ingest", "ingest", table, "--number", "year", "--id-prefix", "table")
    assert "yellow" in users.run("ingest", "search", "yellow", "--caption", "--filter", "year>=2020")
    Image.new("RGB", (64, 48), "orange").save(tmp_path / "4.png")
    users.run("ingest", "ingest", table, "--number", "year", "--id-prefix", "table", "--expunge")
    table.write_text("image,caption,year\n")
    users.run("ingest", "index", "delete", ALIAS, "--yes", code=1)
    users.run("ingest", "pipelines", "put", f"{ALIAS}-x", "--weight", "0.5", code=1)


def test_what_the_administrator_of_clipseek_needs(users: Users) -> None:
    users.run("admin", "pipelines", "put", f"{ALIAS}-x", "--weight", "0.5")
    assert f"{ALIAS}-x" in users.run("admin", "pipelines", "list")
    users.run("admin", "pipelines", "delete", f"{ALIAS}-x", "--yes")


def test_the_page_and_the_api_for_who_searches(users: Users, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in users.environments["search"].items():
        monkeypatch.setenv(name, value)
    with serving(users.url, tmp_path, "--index", ALIAS, "--pictures", users.pictures) as one:
        secret = users.environments["search"]["CLIPSEEK_PASSWORD"]
        told = [Path(f"/proc/{one.process.pid}/cmdline").read_text()]
        found = []
        for body in ({"text": "a red thing"}, {"size": 2}):
            status, _, answer = one.ask(f"/api/v1/indexes/{ALIAS}/search", "POST", body)
            assert status == 200, answer
            found.append(json.loads(answer))
            told.append(answer.decode())
        assert one.ask("/api/v1/indexes")[0] == 200
        hit = found[0]["hits"][0]["id"]  # one from below the roots
        assert one.ask(f"/thumbnails/{ALIAS}?id={hit}")[0] == 200
        assert one.ask("/readyz", token=None)[0] == 200
        told += [path.read_text() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".webp"]
        assert not [text for text in told if secret in text]


def test_feedback_is_logged_and_judged_for_who_ingests(
    users: Users, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in users.environments["ingest"].items():
        monkeypatch.setenv(name, value)
    with serving(users.url, tmp_path, "--index", ALIAS, "--log-searches", 7) as one:
        for _ in range(2):
            answer = json.loads(one.ask(f"/api/v1/indexes/{ALIAS}/search", "POST", {"text": "red thing"})[2])
            given = {"search": answer["search"], "id": answer["hits"][0]["id"], "action": "up"}
            assert one.ask(f"/api/v1/indexes/{ALIAS}/feedback", "POST", given)[0] == 202
        one.stop()  # what is held in memory is written then
    client = connect(users.url)
    client.indices.refresh(index="clipseek-searches,clipseek-feedback")
    client.close()
    users.run("search", "judgments", "export", tmp_path / "judgments", "--index", ALIAS)
    assert "red thing" in (tmp_path / "judgments" / "queries.tsv").read_text()


def test_agents_for_who_searches(users: Users) -> None:
    async def asked() -> object:
        environment = {**users.environments["search"], "CLIPSEEK_URL": users.url}
        command = ["-m", "clipseek.cli", "mcp", "--index", ALIAS]
        parameters = StdioServerParameters(command=sys.executable, args=command, env=environment)
        async with Client(stdio_client(parameters)) as client:
            return (await client.call_tool("search_pictures", {"text": "a red thing"})).structured_content

    assert "hits" in str(anyio.run(asked))


def test_boards_for_who_searches(users: Users) -> None:
    with fake_dashboards() as dashboards:
        users.run("search", "dashboards", "install", "--url", dashboards.url)
        assert dashboards.objects
