"""Whatever happens on the way, an ingest ends with exactly the documents of one to which nothing happens."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch.errors import IndexReadOnly, IngestFailed
from clipseek.opensearch.index import versions
from clipseek.opensearch.ingest.again import send_again
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.server.client import connect
from clipseek.opensearch.server.disk import disk_is_full
from clipseek.opensearch.server.retry import Retried, Retry
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder

from tests.faulty_proxy import FAULTS, faulty_proxy
from tests.integration.ingesting import PICTURES, QUICK, make_pictures, run, stored
from tests.sizes import sized

pytestmark = pytest.mark.integration


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-faults-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get(index=f"{name}*"):
        client.indices.put_settings(index=index, body={"index.blocks.read_only_allow_delete": None})
        client.indices.delete(index=index)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def clean(client: opensearchpy.OpenSearch, folder: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """The documents of a run to which nothing happens."""
    name = f"test-faults-clean-{uuid.uuid4().hex[:8]}"
    run(client, name, folder)
    yield stored(client, name)
    for index in client.indices.get(index=f"{name}*"):
        client.indices.delete(index=index)


@pytest.mark.parametrize("fault", ["all", *FAULTS])
def test_a_third_of_the_requests_meets_a_fault(
    client: opensearchpy.OpenSearch,
    opensearch_url: str,
    alias: str,
    folder: Path,
    clean: dict[str, dict[str, Any]],
    fault: str,
) -> None:
    faults = FAULTS if fault == "all" else (fault,)
    events: list[Any] = []
    with faulty_proxy(opensearch_url, faults=faults, seed=7) as proxy:
        report = run(connect(proxy.url, check=False), alias, folder, on_event=events.append)
    assert sum(proxy.done[fault] for fault in faults) > 0
    assert report.indexed + report.joined == PICTURES
    assert stored(client, alias) == clean
    if fault in ("429", "503", "drop"):
        assert report.retries == sum(isinstance(event, Retried) for event in events) > 0


def test_a_proxy_with_a_limit_that_answers_early(
    client: opensearchpy.OpenSearch, opensearch_url: str, alias: str, folder: Path, clean: dict[str, dict[str, Any]]
) -> None:
    with faulty_proxy(opensearch_url, share=0.0, limit=20_000) as proxy:
        assert run(connect(proxy.url), alias, folder).rejected == 0
    assert stored(client, alias) == clean


def test_retry_after_is_waited_for(
    client: opensearchpy.OpenSearch, opensearch_url: str, alias: str, folder: Path
) -> None:
    events: list[Any] = []
    with faulty_proxy(opensearch_url, faults=("429",), share=0.4, retry_after="0.4") as proxy:
        run(connect(proxy.url, check=False), alias, folder, on_event=events.append)
    waited = [event.seconds for event in events if isinstance(event, Retried)]
    assert waited
    assert min(waited) >= 0.4


def test_two_ingests_of_overlapping_sources_at_once(
    client: opensearchpy.OpenSearch, opensearch_url: str, alias: str, folder: Path, clean: dict[str, dict[str, Any]]
) -> None:
    reports: list[IngestReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(run(connect(opensearch_url), alias, folder))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 2
    assert stored(client, alias) == clean


@pytest.fixture
def poison(client: opensearchpy.OpenSearch, alias: str) -> Iterator[str]:
    """An ingest pipeline in which every document fails whose caption has a 7, as 500 or as 400."""
    fails = {"fail": {"if": "ctx.caption != null && ctx.caption.contains('words 7')", "message": "poisoned"}}
    client.ingest.put_pipeline(id=alias, body={"processors": [fails]})
    yield alias
    client.ingest.delete_pipeline(id=alias)


def test_a_poisoned_document_in_each_batch_is_kept_apart(
    client: opensearchpy.OpenSearch,
    alias: str,
    poison: str,
    folder: Path,
    clean: dict[str, dict[str, Any]],
    tmp_path: Path,
) -> None:
    version = versions.create(client, alias, fingerprint=ColourEncoder().fingerprint, dimension=4)
    client.indices.put_settings(index=version.index, body={"index.final_pipeline": poison})
    options = IngestOptions(batch_size=16, source=folder.as_uri(), rejected=tmp_path / "rejected.jsonl", retry=QUICK)
    report = ingest(client, alias, ColourEncoder(), read_source(folder), options=options)
    assert report.rejected > 5
    assert len(stored(client, alias)) == len(clean) - report.rejected
    taken, there, refused = send_again(client, alias, tmp_path / "rejected.jsonl", QUICK)
    assert (taken, there, len(refused)) == (0, 0, report.rejected)
    client.indices.put_settings(index=version.index, body={"index.final_pipeline": "_none"})
    taken, there, refused = send_again(client, alias, tmp_path / "rejected.jsonl", QUICK)
    assert (taken, there, len(refused)) == (report.rejected, 0, 0)
    run(client, alias, folder)
    assert stored(client, alias) == clean


def test_a_full_disk_stops_in_one_line_and_goes_on_when_there_is_room(
    client: opensearchpy.OpenSearch, alias: str, folder: Path, clean: dict[str, dict[str, Any]]
) -> None:
    done = threading.Event()

    def block(event: Any) -> None:
        if isinstance(event, IngestReport) and event.encoded > PICTURES // 3 and not done.is_set():
            done.set()
            client.indices.put_settings(index=event.index, body={"index.blocks.read_only_allow_delete": True})

    with pytest.raises(IndexReadOnly) as caught:
        run(client, alias, folder, on_event=block)
    assert "\n" not in str(caught.value)
    assert "disk" in str(caught.value)
    for index in client.indices.get(index=f"{alias}*"):
        client.indices.put_settings(index=index, body={"index.blocks.read_only_allow_delete": None})
    run(client, alias, folder)
    assert stored(client, alias) == clean


def test_a_block_of_a_disk_that_has_room_again_is_waited_for(
    client: opensearchpy.OpenSearch, alias: str, folder: Path, clean: dict[str, dict[str, Any]]
) -> None:
    assert disk_is_full(client) is False
    blocked = threading.Event()

    def block(on: bool | None, index: str) -> None:
        client.indices.put_settings(index=index, body={"index.blocks.read_only_allow_delete": on})

    def on_event(event: Any) -> None:
        if isinstance(event, IngestReport) and event.encoded > PICTURES // 3 and not blocked.is_set():
            blocked.set()
            block(True, str(event.index))
        elif isinstance(event, Retried):  # there is room again
            block(None, f"{alias}*")

    patient = Retry(attempts=100, longest_seconds=0.1)
    assert run(client, alias, folder, on_event=on_event, retry=patient).retries
    assert stored(client, alias) == clean


def test_a_server_that_refuses_everything_ends_the_run(client: opensearchpy.OpenSearch, alias: str) -> None:
    from clipseek.opensearch.bulk import writer as writing
    from clipseek.opensearch.bulk.actions import Action
    from clipseek.opensearch.index.documents import create_action

    client.indices.create(index=alias, body={"mappings": {"properties": {"n": {"type": "integer"}}}})
    drawn, said = random.Random(0), ""
    with writing.BulkWriter(client, QUICK) as writer:
        for number in range(10 * writing.MOST_REFUSED):
            body = create_action(alias, str(number), {"n": f"word {drawn.random()}"})
            try:
                writer.add(Action("create", str(number), Path(str(number)), body))
            except IngestFailed as problem:
                said = str(problem)
                break
    assert re.search(r"has refused [1-9],\d+ documents and taken none \(.*failed to parse", said)


_SCRIPT = """
import sys
from pathlib import Path
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.server.client import connect
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder

url, alias, folder = sys.argv[1:]
options = IngestOptions(batch_size=16, source=Path(folder).as_uri())
print("ready", flush=True)
ingest(connect(url), alias, ColourEncoder(), read_source(Path(folder)), options=options)
print("done", flush=True)
"""


def test_killed_at_random_points(
    client: opensearchpy.OpenSearch, opensearch_url: str, alias: str, folder: Path, clean: dict[str, dict[str, Any]]
) -> None:
    drawn = random.Random(3)
    killed = 0
    for _ in range(sized(3, 20)):
        command = [sys.executable, "-c", _SCRIPT, opensearch_url, alias, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(drawn.uniform(0.0, 1.0))
            process.kill()
            killed += "done" not in process.stdout.read()
    assert killed
    run(client, alias, folder)
    assert stored(client, alias) == clean
