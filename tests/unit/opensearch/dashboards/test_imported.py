"""Against a stand-in that answers as the source of the import API says; Dashboards itself is not run by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clipseek.opensearch.dashboards.imported import Dashboards
from clipseek.opensearch.dashboards.saved_objects import Boards
from clipseek.opensearch.errors import AccessRefused, InvalidAddress, RequestRefused, ServerUnfit, Unreachable

from tests.dashboards import FakeDashboards, fake_dashboards

OBJECTS = Boards().objects()


@pytest.fixture
def dashboards() -> Iterator[FakeDashboards]:
    with fake_dashboards() as fake:
        yield fake


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLIPSEEK_USERNAME", "CLIPSEEK_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def test_objects_are_imported_and_replaced_only_when_asked(dashboards: FakeDashboards) -> None:
    target = Dashboards(dashboards.url)
    done = target.put(OBJECTS)
    assert len(done.imported) == len(dashboards.objects) == len(OBJECTS)
    assert not done.there
    assert not done.refused
    key = (None, "dashboard", "clipseek-searches")
    dashboards.objects[key] = "changed by somebody"
    del dashboards.objects[(None, "dashboard", "clipseek-ingest")]
    again = target.put(OBJECTS)
    assert (again.imported, len(again.there)) == (["clipseek: ingest"], len(OBJECTS) - 1)
    assert dashboards.objects[key] == "changed by somebody"
    assert len(target.put(OBJECTS, overwrite=True).imported) == len(OBJECTS)
    assert dashboards.objects[key] == OBJECTS[-2]


def test_a_tenant_has_its_own(dashboards: FakeDashboards) -> None:
    Dashboards(dashboards.url, "search team").put(OBJECTS)
    assert {tenant for tenant, _, _ in dashboards.objects} == {"search team"}


def test_credentials_come_from_the_url_or_the_environment(
    dashboards: FakeDashboards, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboards.credentials = "ann:p@ss wörd"
    with pytest.raises(AccessRefused, match="CLIPSEEK_USERNAME") as refused:
        Dashboards(dashboards.url.replace("//", "//ann:wrong@")).put(OBJECTS)
    assert "wrong" not in str(refused.value)
    assert Dashboards(dashboards.url.replace("//", "//ann:p%40ss%20w%C3%B6rd@")).put(OBJECTS).imported
    monkeypatch.setenv("CLIPSEEK_USERNAME", "ann")
    monkeypatch.setenv("CLIPSEEK_PASSWORD", "p@ss wörd")
    assert Dashboards(dashboards.url).put(OBJECTS, overwrite=True).imported


def test_a_lost_reference_is_named_and_nothing_is_taken(dashboards: FakeDashboards) -> None:
    done = Dashboards(dashboards.url).put([each for each in OBJECTS if each["type"] != "index-pattern"])
    assert done.imported == []
    assert done.refused["Latest searches"] == "it refers to index-pattern clipseek-pattern-clipseek-searches"
    assert not dashboards.objects


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"<html>sign in</html>", ServerUnfit, "is it one"),
        ((200, {"took": 1}), ServerUnfit, "is it one"),
        ((302, {}), ServerUnfit, "302"),
        ((403, {"message": "no permissions"}), AccessRefused, "refused the user"),
        ((413, {"message": "Payload content length greater than maximum"}), RequestRefused, "413: Payload"),
        ((500, {"error": "Internal"}), RequestRefused, "500: Internal"),
    ],
)
def test_other_answers_are_one_line(
    dashboards: FakeDashboards, answer: Any, error: type[Exception], words: str
) -> None:
    dashboards.answers.append(answer)
    with pytest.raises(error, match=words):
        Dashboards(dashboards.url).put(OBJECTS)


def test_nothing_there(dashboards: FakeDashboards) -> None:
    with pytest.raises(Unreachable, match="refused"):
        Dashboards("http://127.0.0.1:9").put(OBJECTS)
    with pytest.raises(InvalidAddress, match="5601"):
        Dashboards("ftp://somewhere")
    assert Dashboards("dashboards.example").address == "http://dashboards.example:5601"
