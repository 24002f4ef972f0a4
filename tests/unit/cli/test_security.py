"""``clipseek security setup`` before it asks a server; with one: tests/integration/test_closed_node.py."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from clipseek.cli.security import _write_new, security
from clipseek.opensearch.security.roles import ROLES


def test_the_requests_are_printed_for_the_servers_owner() -> None:
    done = CliRunner().invoke(security, ["setup", "--print", "--indexes", "icons*", "--indexes", "clipseek-*"])
    assert done.exit_code == 0
    sent = json.loads(done.output)
    assert [request["path"].rpartition("/")[2] for request in sent] == [f"clipseek_{role}" for role in ROLES]
    rights = [request["body"]["index_permissions"][0] for request in sent]
    assert all(right["index_patterns"] == ["icons*", "clipseek-*"] for right in rights)
    allowed = [set(right["allowed_actions"]) for right in rights]
    assert allowed[0] < allowed[1] < allowed[2]
    assert "indices:admin/delete" not in allowed[1]
    others = [request["body"]["index_permissions"][1:] for request in sent]
    assert others == [[{"index_patterns": ["*"], "allowed_actions": ["indices:admin/aliases/get"]}]] * len(ROLES)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--user", "reader:search"], "--user and --passwords FILE go together"),
        (["--passwords", "file"], "--user and --passwords FILE go together"),
        (["--user", "reader"], "expected NAME:ROLE with one of the roles search, ingest, admin"),
        (["--user", "reader:owner"], "expected NAME:ROLE"),
        (["--user", ":search"], "expected NAME:ROLE"),
        (["--user", "a/b:search"], "expected NAME:ROLE"),
    ],
)
def test_what_is_refused_before_a_server_is_asked(arguments: list[str], reason: str) -> None:
    done = CliRunner().invoke(security, ["setup", *arguments])
    assert done.exit_code == 2
    assert reason in done.output


def test_passwords_are_for_this_user_alone_and_replace_no_file(tmp_path: Path) -> None:
    _write_new(tmp_path / "new.json", {"reader": "secret"})
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o600
    assert json.loads((tmp_path / "new.json").read_text("utf-8")) == {"reader": "secret"}
    (tmp_path / "link.json").symlink_to(tmp_path / "nowhere.json")
    for name in ("new.json", "link.json"):
        with pytest.raises(Exception, match="cannot be made"):
            _write_new(tmp_path / name, {})
    assert not (tmp_path / "nowhere.json").exists()
