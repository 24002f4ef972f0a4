"""What the service ``secrets`` of docker/compose.yaml writes; on a real server: tests/integration/test_image.py."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from clipseek.opensearch.node.closed.composed import main, make
from cryptography import x509

SERVICES = ("administrator", "opensearch", "dashboards", "clipseek")
URL = "https://127.0.0.1:9200"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in SERVICES:
        (tmp_path / name).mkdir(mode=0o755)
    return tmp_path


def contents(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_every_file_is_private_and_given_to_the_user_of_its_service(root: Path) -> None:
    given: dict[str, int] = {}
    assert make(root, URL, "pictures*", lambda path, user: given.update({str(path.relative_to(root)): user}))
    written = contents(root)
    assert {name for name in written if name.split("/")[-1] not in ("made",)} == given.keys()
    for name, user in given.items():
        assert stat.S_IMODE((root / name).stat().st_mode) == 0o600, name
        assert user == (1000 if name.split("/")[0] in ("opensearch", "dashboards") else 10001), name
    passwords = json.loads(written["administrator/users.json"])["passwords"]
    assert len(set(passwords.values())) == 4
    # OpenSearch has no password of anybody, and each other service its own user's alone.
    for service, own in (("opensearch", set()), ("dashboards", {"dashboards"}), ("clipseek", {"clipseek", "boards"})):
        text = "".join(text for name, text in written.items() if name.startswith(f"{service}/"))
        assert {name for name, password in passwords.items() if password in text} == own


def test_subjects_have_no_comma_and_the_certificate_is_for_the_service_and_this_machine(root: Path) -> None:
    make(root, URL, "pictures*", lambda path, user: None)
    node = x509.load_pem_x509_certificate((root / "opensearch/node.pem").read_bytes())
    admin = x509.load_pem_x509_certificate((root / "administrator/node/tls/admin.pem").read_bytes())
    assert [one.subject.rfc4514_string() for one in (node, admin)] == ["CN=clipseek node", "CN=clipseek administrator"]
    names = node.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "opensearch"]


def test_a_second_start_changes_nothing_an_interrupted_one_is_finished_and_renew_makes_all_anew(root: Path) -> None:
    def cut(path: Path, user: int) -> None:
        if path.name == "node.pem":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(root, URL, "pictures*", cut)
    assert make(root, URL, "pictures*", lambda path, user: None)
    before = contents(root)
    assert not make(root, URL, "pictures*", lambda path, user: None)
    assert contents(root) == before
    assert make(root, URL, "pictures*", lambda path, user: None, again=True)
    after = contents(root)
    assert after.keys() == before.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert {"administrator/password", "clipseek/clipseek.json", "opensearch/node-key.pem"} <= changed


def test_another_word_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["makes"]) == 2
    assert "'makes', expected make, renew or users" in capsys.readouterr().err
