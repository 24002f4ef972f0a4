"""``clipseek ingest`` as people leave it running, stop it, and run it again, on a real server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.image_uri import image_path
from clipseek.opensearch.index.words.scripts import SAMPLE
from PIL import Image

from tests.command import run_command
from tests.shipped import TUNED

pytestmark = pytest.mark.integration
ROWS = SAMPLE + 100
#: Removing what was replaced waits for the server's leases, half a minute each time: one run does it, the others leave it out.
QUICK = "--no-expunge"


@dataclass
class Place:
    """An index, and the folder of what goes into it."""

    client: opensearchpy.OpenSearch
    url: str
    alias: str
    folder: Path

    def documents(self) -> dict[str, dict[str, Any]]:
        """Every document by its file, below the folder."""
        if versions.find(self.client, self.alias) is None:
            return {}
        self.client.indices.refresh(index=self.alias)
        hits = self.client.search(index=self.alias, body={"size": 100})["hits"]["hits"]
        documents = [{"_id": hit["_id"], **hit["_source"]} for hit in hits]
        return {str(Path(str(image_path(one["image_uri"]))).relative_to(self.folder)): one for one in documents}

    def ingest(self, *words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = run_command("ingest", *words, "--model", TUNED, "--url", self.url, "--index", self.alias)
        assert done.returncode == code, done.stderr
        return done

    @contextmanager
    def ingesting(self, *words: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """A run that goes on, and the file of what it says."""
        said = self.folder / "said"
        where = ("--model", TUNED, "--url", self.url, "--index", self.alias)
        command = [sys.executable, "-m", "clipseek.cli", "ingest", *map(str, (*words, *where))]
        with said.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=stream) as process:
            try:
                yield process, said
            finally:
                process.kill()


@pytest.fixture
def place(client: opensearchpy.OpenSearch, opensearch_url: str, tmp_path: Path) -> Iterator[Place]:
    made = Place(client, opensearch_url, f"test-command-{uuid.uuid4().hex[:8]}", tmp_path)
    yield made
    client.indices.delete(index=f"{made.alias}-*")


def draw(path: Path, colour: str) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (24, 16), colour).save(path)


def eventually(holds: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_folder_that_is_watched(place: Place) -> None:
    pictures = place.folder / "pictures"
    for colour in ("red", "green"):
        draw(pictures / f"{colour}.png", colour)
    draw(pictures / "old" / "black.png", "black")
    with place.ingesting(pictures, "--watch", "1.5", "--prune", QUICK) as (process, said):
        eventually(lambda: "watching" in said.read_text())
        hashes = {name: one["content_hash"] for name, one in place.documents().items()}
        draw(pictures / "blue.png", "blue")
        draw(pictures / "red.png", "orange")
        (pictures / "old").rename(pictures / "new")
        after = {f"pictures/{name}.png" for name in ("red", "green", "blue", "new/black")}
        eventually(lambda: set(place.documents()) == after)
        assert place.documents()["pictures/red.png"]["content_hash"] != hashes["pictures/red.png"]
        assert place.documents()["pictures/new/black.png"]["content_hash"] == hashes["pictures/old/black.png"]
        (pictures / "green.png").unlink()
        eventually(lambda: set(place.documents()) == after - {"pictures/green.png"})
        (pictures / "half.png").write_bytes((pictures / "blue.png").read_bytes()[:40])
        eventually(lambda: "left out: " in said.read_text())
        draw(pictures / "half.png", "white")
        eventually(lambda: "pictures/half.png" in place.documents())
        eventually(lambda: said.read_text().splitlines()[-1] == "1 indexed")  # and a run begins in a second and a half
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    *_, last = said.read_text().splitlines()
    assert last.startswith("watched for ")
    assert last.endswith("2 indexed, 2 replaced, 1 pruned")
    assert "0 documents to be removed" not in said.read_text()
    assert said.read_text().count("left out: ") == 1  # not once a second


def test_ctrl_c_in_the_middle_and_the_same_command_again(place: Place) -> None:
    draw(place.folder / "one.png", "red")
    head, rows = "id\timage\tcaption\tyear\n", [f"{number}\tone.png\twords\t{number}\n" for number in range(ROWS)]
    os.mkfifo(pipe := place.folder / "pipe.tsv")
    with place.ingesting(pipe) as (process, said), pipe.open("w") as feed:
        feed.write(head + "".join(rows[:-20]))
        feed.flush()
        eventually(lambda: bool(place.documents()))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert said.read_text().splitlines()[-1] == "clipseek: interrupted; run the same command again to go on"
    (table := place.folder / "table.tsv").write_text(head + "".join(rows))
    place.ingest(table, "--number", "year", QUICK)
    counted = place.client.count(index=place.alias, body={"query": {"range": {"metadata.year": {"gte": 30}}}})
    assert counted["count"] == ROWS - 30


def test_ids_of_two_sources_replaced_documents_and_refused_ones(place: Place) -> None:
    for name in ("a", "b"):
        for number in range(3):
            draw(place.folder / name / f"{number}.png", f"hsl({60 * number + 30 * (name == 'b')}, 90%, 50%)")
        rows = [f"{number},{number}.png,words {name} {number}\n" for number in range(3)]
        (place.folder / name / "t.csv").write_text("id,image,caption\n" + "".join(rows))
    a, b = place.folder / "a" / "t.csv", place.folder / "b" / "t.csv"
    place.ingest(a)
    assert "3 indexed" in place.ingest(b, "--id-prefix", "b").stdout
    assert {one["_id"] for one in place.documents().values()} == {"0", "1", "2", "b-0", "b-1", "b-2"}
    a.write_text(a.read_text().replace("words a", "other words"))
    assert "3 replaced" in place.ingest(a, "--expunge").stdout
    docs = place.client.indices.stats(index=place.alias, metric="docs")["_all"]["primaries"]["docs"]
    assert (docs["count"], docs["deleted"]) == (6, 0)

    index, kept = versions.current(place.client, place.alias).index, place.folder / "rejected.jsonl"
    # A refusal (400), which is not sent again for two minutes as what a "fail" answers (500) is.
    place.client.ingest.put_pipeline(id=index, body={"processors": [{"remove": {"field": "not there"}}]})
    try:
        place.client.indices.put_settings(index=index, body={"index.final_pipeline": index})
        draw(place.folder / "a" / "0.png", "white")  # a partial update passes no pipeline, a whole document does
        done = place.ingest(a, "--rejected", kept, QUICK)
        assert "1 rejected" in " ".join(done.stdout.split())
        assert f"clipseek ingest --retry {kept}" in done.stderr
        place.client.indices.put_settings(index=index, body={"index.final_pipeline": "_none"})
    finally:
        place.client.ingest.delete_pipeline(id=index)
    shutil.copy(kept, older := place.folder / "older.jsonl")
    assert place.ingest("--retry", kept).stdout == f"1 document of {kept} indexed\n"
    assert not kept.exists()
    refused = place.documents()["a/0.png"]
    # What a later run wrote is not overwritten by what was refused before it.
    draw(place.folder / "a" / "0.png", "black")
    assert "1 replaced" in place.ingest(a, QUICK).stdout
    assert "1 is in the index in the meantime" in place.ingest("--retry", older).stdout
    assert place.documents()["a/0.png"]["content_hash"] != refused["content_hash"]
