"""Records on their way: a server that is away, slow or refusing costs no search anything, and is said once."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from clipseek.opensearch import connect
from clipseek.opensearch.index.own_records import FEEDBACK, SEARCHES
from clipseek.testing import FakeServer, fake_server
from clipseek.testing.server import Answer, error
from clipseek.web.log.indexes import LogIndexes
from clipseek.web.log.writer import MOST, LogWriter, Record


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as fake:
        yield fake


class Counted:
    """What became of records."""

    def __init__(self) -> None:
        self.numbers: Counter[tuple[str, bool]] = Counter()

    def __call__(self, kind: str, written: bool, number: int) -> None:
        self.numbers[kind, written] += number

    def wait(self, number: int) -> None:
        until = time.monotonic() + 15
        while self.numbers.total() < number:
            assert time.monotonic() < until, self.numbers
            time.sleep(0.02)


def writer(url: str, counted: Counted) -> LogWriter:
    return LogWriter(connect(url, check=False, timeout=2), LogIndexes(), counted)


def record(number: int) -> Record:
    return Record(SEARCHES, f"s{number}", {"words": f"{number}"})


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [entry.getMessage() for entry in caplog.records if entry.name == "clipseek.web"]


def test_records_are_written_in_one_bulk(server: FakeServer) -> None:
    counted = Counted()
    log = writer(server.url, counted)
    for number in range(20):
        log.put(record(number))
    log.put(Record(FEEDBACK, "f", {"action": "click"}))
    log.start()
    counted.wait(21)
    log.close()
    assert counted.numbers == {(SEARCHES, True): 20, (FEEDBACK, True): 1}
    assert server.log.count(("POST", "/_bulk")) == 1
    assert server.documents["s7"] == {"words": "7"}
    assert server.record_mappings.keys() >= {SEARCHES, FEEDBACK}


def test_a_server_that_is_away_costs_nobody_time_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted()
    log = writer("http://127.0.0.1:9", counted)
    log.start()
    began = time.perf_counter()
    for number in range(1200):
        log.put(record(number))
    assert time.perf_counter() - began < 10  # a wait for the server in each would be a minute
    counted.wait(1200)
    log.close()
    assert counted.numbers == {(SEARCHES, False): 1200}
    assert len(said(caplog)) == 1
    assert "not logged" in said(caplog)[0]


def test_it_goes_on_once_the_server_is_back(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    away: list[Answer] = [error(503, "unavailable", "no shard"), error(503, "unavailable", "no shard")]

    def refuse(method: str, path: str, body: bytes) -> Answer | None:
        return away.pop() if path == "/_bulk" and away else None

    server.interceptors += [refuse, refuse]
    counted = Counted()
    log = writer(server.url, counted)
    log.start()
    log.put(record(1))
    counted.wait(1)
    while away:  # the client's own second try
        log.put(record(2))
        time.sleep(0.05)
    counted.wait(counted.numbers.total())
    log.put(record(3))
    log.close()
    assert counted.numbers[SEARCHES, False] >= 1
    assert "s3" in server.documents
    assert [line.split(";")[0] for line in said(caplog)][-1] == "searches are logged again"


def test_one_record_that_is_refused_does_not_take_the_others_with_it(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.item_errors["s1"] = [(400, "mapper_parsing_exception", "failed to parse field [at]")]
    counted = Counted()
    log = writer(server.url, counted)
    for number in range(3):
        log.put(record(number))
    log.start()
    counted.wait(3)
    log.close()
    assert counted.numbers == {(SEARCHES, True): 2, (SEARCHES, False): 1}
    assert "failed to parse field [at]" in said(caplog)[0]


def test_what_is_held_is_bounded() -> None:
    counted = Counted()
    log = writer("http://127.0.0.1:9", counted)  # not started: nothing is taken away
    logging.getLogger("clipseek.web").setLevel("ERROR")
    try:
        for number in range(MOST + 7):
            log.put(record(number))
    finally:
        logging.getLogger("clipseek.web").setLevel("NOTSET")
    assert counted.numbers == {(SEARCHES, False): 7}


def test_what_is_held_is_written_at_the_end(server: FakeServer) -> None:
    counted = Counted()
    log = writer(server.url, counted)
    log.start()
    log.put(record(1))
    log.close()
    assert "s1" in server.documents
