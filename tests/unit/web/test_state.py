"""What is shared: one encoder of each model, and never another model's."""

from __future__ import annotations

import pytest
from clipseek.opensearch.errors import IndexMissing, ModelMismatch, Unreachable
from clipseek.opensearch.index.version import Version
from clipseek.testing import ColourEncoder, FakeServer
from clipseek.web.settings import Settings
from clipseek.web.state import State


def served(server: FakeServer, encoder: ColourEncoder) -> State:
    return State(Settings(server.url, ("pictures", "nothing")), lambda settings, version: encoder)


def test_an_encoder_is_opened_once_for_all_indexes_of_its_model(server: FakeServer) -> None:
    opened: list[Version] = []

    def open_encoder(settings: Settings, version: Version) -> ColourEncoder:
        opened.append(version)
        return ColourEncoder()

    state = State(Settings(server.url, ("pictures",)), open_encoder)
    version = state.opened("pictures").version
    assert state.encoder(version) is state.encoder(version)
    assert state.opened("pictures").searcher is state.opened("pictures").searcher
    assert opened == [version]
    state.close()


def test_another_models_encoder_is_refused_whatever_it_is_for(server: FakeServer) -> None:
    state = served(server, ColourEncoder("another"))
    for _ in range(2):
        with pytest.raises(ModelMismatch):
            state.encoder(state.opened("pictures").version)
    state.close()


def test_only_what_is_named_is_served(server: FakeServer) -> None:
    state = served(server, ColourEncoder())
    with pytest.raises(IndexMissing, match="no index 'other' is served here; choose one of pictures, nothing"):
        state.opened("other")
    with pytest.raises(IndexMissing, match="make one with"):
        state.opened("nothing")
    state.warm_up()  # what is missing is no failure of the start
    state.close()


def test_a_version_is_kept_some_seconds_and_then_looked_up(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    state = served(server, ColourEncoder())
    before, asked = state.opened("pictures"), len(server.log)
    assert state.opened("pictures") is before
    assert len(server.log) == asked
    monkeypatch.setattr("clipseek.web.state.VERSION_SECONDS", 0.0)
    again = state.opened("pictures")
    assert len(server.log) == asked + 2  # the alias, and the mapping behind it
    assert (again.version, again.searcher) == (before.version, before.searcher)
    state.close()


def test_an_encoder_that_no_index_needs_any_more_is_closed(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipseek.web.state.VERSION_SECONDS", 0.0)
    encoders = {name: ColourEncoder(name) for name in ("colour", "another")}
    by_fingerprint = {encoder.fingerprint: encoder for encoder in encoders.values()}
    state = State(Settings(server.url, ("pictures",)), lambda settings, version: by_fingerprint[version.fingerprint])
    first = state.encoder(state.opened("pictures").version)
    (meta,) = (made["mappings"]["_meta"] for made in server.indexes.values())
    monkeypatch.setitem(meta, "fingerprint", encoders["another"].fingerprint)
    second = state.encoder(state.opened("pictures").version)
    assert second.fingerprint == encoders["another"].fingerprint
    with pytest.raises(Exception, match="shutting down"):
        first.encode_texts(["red"])
    assert second.encode_texts(["red"]).shape == (1, 4)
    state.close()


def test_a_server_that_is_not_there_is_no_failure_of_the_start() -> None:
    state = State(Settings("http://127.0.0.1:9", ("pictures",)))
    state.warm_up()
    with pytest.raises(Unreachable):
        state.opened("pictures")
    state.close()
