"""The embedded node as it is by default: closed to everybody but its user, whose commands need not be told anything."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from clipseek.opensearch import Fusion, Query, Searcher
from clipseek.opensearch.errors import AccessRefused, TLSFailed
from clipseek.opensearch.index.own_records import SEARCHES, delete_older
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.node.closed.entrance import entrance, rotate_passwords
from clipseek.opensearch.node.errors import CredentialsMissing
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.service import start, stop
from clipseek.opensearch.node.state import NodeState
from clipseek.opensearch.pipelines.stored_pipelines import put_fusion
from clipseek.opensearch.security.roles import role_body
from clipseek.opensearch.security.setup import API, new_password, write_user
from clipseek.opensearch.server.client import connect
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder
from clipseek.web.log.indexes import LogIndexes
from clipseek.web.log.writer import LogWriter, Record
from PIL import Image

from tests.command import run_command

pytestmark = pytest.mark.integration
INDEX = {"settings": {"number_of_replicas": 0}}


@pytest.fixture(scope="module")
def paths() -> Iterator[NodePaths]:
    """The folders of a node that was open first, with an index in it, and is closed now."""
    folder = Path(tempfile.mkdtemp(prefix="clipseek-closed-", dir="/var/tmp"))
    folder.chmod(0o755)
    made = NodePaths(folder, NodePaths.default().cache)
    environment = pytest.MonkeyPatch()
    environment.setenv("CLIPSEEK_DATA", str(folder))
    try:
        opened = start(made, heap="512m", closed=False)
        client = connect(opened.url)
        client.indices.create(index="mine", body=INDEX)
        client.index(index="mine", id="1", body={"n": 1}, refresh=True)
        stop(made)
        yield made
    finally:
        stop(made)
        environment.undo()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def node(paths: NodePaths) -> NodeState:
    said: list[str] = []
    state = start(paths, heap="512m", on_progress=said.append)
    assert any("data were open; from now on it speaks https alone" in line for line in said)
    return state


def status_of(node: NodeState, method: str, path: str, **headers: str) -> int:
    """By somebody who trusts any certificate."""
    anything = ssl._create_unverified_context()
    request = urllib.request.Request(node.url + path, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20, context=anything) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        return problem.code


def test_its_user_comes_in_untold_and_finds_what_was_there(paths: NodePaths, node: NodeState) -> None:
    assert node.url.startswith("https://")
    for url in (node.url, node.url.replace("127.0.0.1", "localhost"), node.url.removeprefix("https://")):
        assert connect(url).count(index="mine")["count"] == 1
    done = run_command("index", "list", environment={"CLIPSEEK_DATA": str(paths.data)})
    assert done.returncode == 0, done.stderr
    assert f"server: {node.url}" in done.stderr


def test_secrets_are_in_files_of_this_user_alone_and_in_no_list_of_processes(paths: NodePaths, node: NodeState) -> None:
    found = json.loads(paths.credentials.read_text())
    for path in (paths.credentials, *paths.tls.iterdir(), paths.state):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for path in (paths.tls, paths.indices, paths.logs):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    told = [Path(f"/proc/{node.pid}/{name}").read_text() for name in ("cmdline", "environ")]
    told += [path.read_text() for path in paths.logs.iterdir()] + [paths.started.read_text()]
    assert not any(secret in text for text in told for secret in found.values())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/mine/_search"),
        ("POST", "/mine/_delete_by_query?q=*"),
        ("POST", "/mine/_close"),
        ("DELETE", "/mine"),
    ],
)
@pytest.mark.parametrize("name", ["evil.example", "localhost"])
def test_no_page_and_no_other_host_name_comes_in(node: NodeState, method: str, path: str, name: str) -> None:
    port = node.url.rpartition(":")[2]
    answer = status_of(node, method, path, Host=f"{name}:{port}", Origin=f"https://{name}")
    assert answer in (401, 403)
    assert connect(node.url).count(index="mine")["count"] == 1


def test_plain_http_is_not_spoken(node: NodeState) -> None:
    with pytest.raises(OSError, match=r".+"):
        urllib.request.urlopen(node.url.replace("https", "http"), timeout=20)


def test_searches_are_logged_and_what_is_old_deleted_with_the_rights_of_who_ingests(
    paths: NodePaths, node: NodeState
) -> None:
    """By a user of the role ingest, for some indexes alone: those of the log among them."""
    admin = entrance(paths)
    own = connect(node.url.replace("https://", f"https://{admin['user']}:{admin['password']}@"))
    own.transport.perform_request("PUT", f"{API}/roles/log_writer", body=role_body("ingest", ["mine", "clipseek-*"]))
    password = new_password()
    write_user(lambda m, p, b: own.transport.perform_request(m, p, body=b), "writer", password, ["log_writer"])
    writer = connect(node.url.replace("https://", f"https://writer:{password}@"))
    counted: list[tuple[str, bool, int]] = []
    logs = LogIndexes()
    logs.opened(writer)
    log = LogWriter(writer, logs, lambda *what: counted.append(what))
    log.start()
    own.indices.create(index="others-000001", body={"aliases": {"others": {}}})
    for alias in ("mine", "others"):  # the user may not read others, and sees that it is there
        log.put(Record(SEARCHES, alias, {"at": "2020-01-01T00:00:00Z", "index": alias}))
    log.close()
    assert counted == [(SEARCHES, True, 2)]
    writer.indices.refresh(index=SEARCHES)
    assert delete_older(writer, SEARCHES, 7, ["mine"]) == 1
    own.indices.delete(index="others-000001")
    assert [hit["_id"] for hit in writer.search(index=SEARCHES)["hits"]["hits"]] == ["others"]
    assert delete_older(connect(node.url), SEARCHES, 7, ["mine"]) == 1  # clipseek's own user sees that it is no more


#: By another user of the machine, which it becomes (the interpreter may lie where only this one gets to): what each request is
#: answered, and what of the files can be read or changed.
_STRANGER = """
import encodings.idna, json, os, ssl, sys, urllib.error, urllib.request
os.setgroups([]), os.setgid(65534), os.setuid(65534)
given = json.loads(sys.argv[1])
context, answers, got = ssl._create_unverified_context(), [], []
for method, path, headers in given["requests"]:
    request = urllib.request.Request(given["url"] + path, method=method, headers=headers)
    try:
        answers.append(urllib.request.urlopen(request, timeout=20, context=context).status)
    except urllib.error.HTTPError as problem:
        answers.append(problem.code)
for path in given["files"]:
    for mode in ("rb", "ab"):
        try:
            with open(path, mode) as file:
                got.append([path, mode])
        except OSError:
            pass
for path in given["folders"]:
    for attempt in (os.listdir, lambda folder: open(folder + "/x", "w"), lambda folder: os.rename(folder, folder + "2")):
        try:
            attempt(path)
            got.append([path])
        except OSError:
            pass
print(json.dumps({"user": os.getuid(), "answers": answers, "got": got, "cmdline": open(given["cmdline"]).read()}))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_another_user_of_the_machine_reads_nothing_and_changes_nothing(paths: NodePaths, node: NodeState) -> None:
    port, own = node.url.rpartition(":")[2], Path(f"/proc/{node.pid}")
    written = [path for path in paths.node.rglob("*") if path.is_file()]
    index = [path for path in written if paths.indices in path.parents]
    assert index, "no file of an index to try"
    tried = [
        paths.credentials,
        *paths.tls.iterdir(),
        paths.config / "opensearch.yml",
        paths.log,
        paths.started,
        paths.state,
    ]
    hosts: list[dict[str, str]] = [{}, {"Host": f"evil.example:{port}"}, {"Host": "localhost"}]
    asked = [("GET", "/"), ("GET", "/mine/_search"), ("GET", "/_cat/indices"), ("DELETE", "/mine"), ("PUT", "/theirs")]
    given = {
        "url": node.url,
        "requests": [(method, path, headers) for method, path in asked for headers in hosts],
        "files": [*map(str, tried), str(index[0]), str(own / "environ"), str(own / "mem")],
        "folders": [str(path) for path in (paths.node, paths.indices, paths.logs, paths.config, paths.tls, own / "fd")],
        "cmdline": str(own / "cmdline"),
    }
    command = [sys.executable, "-I", "-c", _STRANGER, json.dumps(given)]
    told = json.loads(subprocess.run(command, cwd="/", capture_output=True, text=True, check=True, timeout=120).stdout)
    assert told["user"] == 65534
    assert set(told["answers"]) == {401}
    assert told["got"] == []
    assert not [secret for secret in json.loads(paths.credentials.read_text()).values() if secret in told["cmdline"]]
    assert connect(node.url).count(index="mine")["count"] == 1
    assert not connect(node.url).indices.exists(index="theirs")
    # What the node's own user may not either: the passwords are those of whoever started it.
    owner = paths.indices.stat().st_uid
    read = subprocess.run(["cat", paths.credentials], user=owner, cwd="/", capture_output=True, check=False)
    assert (read.returncode, read.stdout) == (1, b"")


def test_clipseeks_own_user_may_do_what_commands_need_and_no_more(node: NodeState) -> None:
    client = connect(node.url)
    client.indices.create(index="other", body=INDEX)
    client.indices.delete(index="other")
    for method, path in (
        ("GET", "/_plugins/_security/api/internalusers"),
        ("DELETE", "/.opendistro_security"),
        ("POST", "/_cluster/reroute"),
        ("PUT", "/_snapshot/x"),
    ):
        with pytest.raises(AccessRefused):
            client.transport.perform_request(method, path, body={"type": "fs"} if "snapshot" in path else None)


def test_passwords_rotate_and_a_lost_file_is_one_line_with_its_cure(paths: NodePaths, node: NodeState) -> None:
    before = entrance(paths)
    assert status_of(node, "GET", "/", authorization=basic(before)) == 200
    rotate_passwords(paths, lambda text: None)
    after = entrance(paths)
    assert after["password"] != before["password"]
    assert status_of(node, "GET", "/", authorization=basic(before)) == 401
    assert status_of(node, "GET", "/", authorization=basic(after)) == 200

    paths.credentials.unlink()
    with pytest.raises(
        CredentialsMissing, match=r"is not there or not readable; make new ones with: clipseek node credentials"
    ):
        connect(node.url)
    done = run_command("node", "credentials", "--rotate", "--json", environment={"CLIPSEEK_DATA": str(paths.data)})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["password"] not in done.stderr
    told = run_command("node", "credentials", "--curl", environment={"CLIPSEEK_DATA": str(paths.data)})
    asked = subprocess.run(
        ["curl", "-sS", "-K", "-", f"{node.url}/mine/_count"],
        input=told.stdout,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(asked.stdout)["count"] == 1
    assert connect(node.url).count(index="mine")["count"] == 1


def test_a_client_certificate_comes_in_by_its_own_name(paths: NodePaths, node: NodeState, tmp_path: Path) -> None:
    """By a user to whom this is any server: the node's authority signed that of its administrator."""
    shown = {"CLIPSEEK_CLIENT_CERT": paths.tls / "admin.pem", "CLIPSEEK_CLIENT_KEY": paths.tls / "admin-key.pem"}
    given = {**shown, "CLIPSEEK_CA_CERTS": paths.authority, "CLIPSEEK_DATA": tmp_path}
    environment = {name: str(value) for name, value in given.items()}
    done = run_command("server", "check", "--url", node.url, "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["user"] == "CN=clipseek administrator,O=clipseek"
    without = {**environment, "CLIPSEEK_CLIENT_CERT": "", "CLIPSEEK_CLIENT_KEY": ""}
    refused = run_command("server", "check", "--url", node.url, environment=without)
    assert refused.returncode == 1
    assert "wants credentials" in refused.stderr


def test_roles_let_people_do_what_they_need_and_no_more(paths: NodePaths, node: NodeState, tmp_path: Path) -> None:
    """Users as ``clipseek security setup`` makes them; each role may do what the one before may."""
    environment = {"CLIPSEEK_DATA": str(paths.data)}
    kept = tmp_path / "passwords.json"
    users = [word for name in ("search", "ingest", "admin") for word in ("--user", f"who-{name}:{name}")]
    done = run_command("security", "setup", *users, "--passwords", kept, environment=environment)
    assert done.returncode == 0, done.stderr
    assert kept.stat().st_mode & 0o777 == 0o600
    passwords = json.loads(kept.read_text())
    assert not any(password in done.stdout + done.stderr for password in passwords.values())
    again = run_command("security", "setup", *users, "--passwords", tmp_path / "other.json", environment=environment)
    assert again.returncode == 2
    assert "the server has a user 'who-search' already" in again.stderr
    assert not (tmp_path / "other.json").exists()
    narrowed = run_command("security", "setup", "--indexes", "mine*", environment=environment)
    assert narrowed.returncode == 2  # clipseek's own user has one of these roles

    who = {
        role: connect(node.url.replace("https://", f"https://who-{role}:{passwords[f'who-{role}']}@"))
        for role in ("search", "ingest", "admin")
    }
    encoder = ColourEncoder()
    for number, colour in enumerate(("red", "blue")):
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{number}.png")
    entries = list(read_source(tmp_path))
    with pytest.raises(AccessRefused):
        ingest(who["search"], "roles", encoder, entries)
    report = ingest(who["ingest"], "roles", encoder, entries)
    assert report.indexed == 2
    picture = (tmp_path / "0.png").read_bytes()
    assert Searcher.open(who["search"], "roles", encoder).search(Query(picture=picture)).matched == 2
    fusion = Fusion()
    with pytest.raises(AccessRefused):
        put_fusion(who["ingest"], "roles-fusion", fusion)
    put_fusion(who["admin"], "roles-fusion", fusion)
    with pytest.raises(AccessRefused):
        who["ingest"].indices.delete(index=report.index)
    who["admin"].indices.delete(index=report.index)


def test_who_does_not_know_its_authority_does_not_trust_it(
    node: NodeState, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLIPSEEK_DATA", str(tmp_path))
    with pytest.raises(TLSFailed):
        connect(node.url)


def basic(facts: dict[str, str]) -> str:
    return "Basic " + b64encode(f"{facts['user']}:{facts['password']}".encode()).decode()
