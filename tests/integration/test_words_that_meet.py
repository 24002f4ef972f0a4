"""Words in captions that meet what is searched for, however either was written: on a real server, under every analyzer."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import clipseek.cli.ingest as command
import numpy as np
import opensearchpy
import pytest
from click.testing import CliRunner
from clipseek.cli import ingest_bringing
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.columns import DeclaredColumns
from clipseek.opensearch.index.documents import item
from clipseek.opensearch.index.mapping import FieldType, IndexOptions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.index.words.analysis import ANALYZERS, steps
from clipseek.opensearch.query.limits import Match
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.hits import Hit
from clipseek.opensearch.search.searcher import Searcher
from clipseek.sources import Record
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

pytestmark = pytest.mark.integration
VECTOR = np.array([1, 0], np.float32)
FIELDS: dict[str, FieldType] = {"city": "keyword", "größe": "keyword"}
#: Of each two, one is found by the other and by itself, whichever is in the caption.
PAIRS = [
    ("Joséphine", "josephine"),
    ("café", "cafe"),
    ("Überfluss", "uberfluss"),
    ("Straße", "strasse"),
    ("łódź", "lodz"),
    ("żółw", "zolw"),
    ("phở", "pho"),
    ("Đường", "duong"),
    ("ğıçşöü", "gicsou"),
    ("ılık", "ilik"),
    ("smørrebrød", "smorrebrod"),
    ("Ærøskøbing", "aeroskobing"),
    ("œuvre", "oeuvre"),
    ("naïveté", "naivete"),
    ("Þingvellir", "thingvellir"),
    ("crème", "creme"),
    ("niño", "nino"),
    ("coração", "coracao"),
    ("dvořák", "dvorak"),
    ("árvíztűrő", "arvizturo"),
    ("ＡＢＣｄ", "abcd"),
    ("１２３４", "1234"),
    ("ﬁlter", "filter"),
    ("ﾃｽﾄ", "テスト"),
    ("❤", "❤\ufe0f"),
    ("✈\ufe0f", "✈"),
    ("☎\ufe0e", "☎\ufe0f"),
    ("🏳\ufe0f\u200d🌈", "🏳\u200d🌈"),
    ("1\ufe0f\u20e3", "1\u20e3"),
]
#: As they are: each finds itself, composed and decomposed. None finds another.
ALONE = [
    "한국어",
    "東京",
    "がぎぐ",
    "שָׁלוֹם",
    "שלום",
    "مُحَمَّد",
    "क़लम",
    "Ἀθῆναι",
    "ёлка",
    "йод",
    "x\u0302",
    "👍",
    "👍🏽",
    "👨\u200d👩\u200d👧",
    "🇩🇪",
    "🦊",
    "❤\u200d🔥",
]


class Bundled(ColourEncoder):
    """The colour encoder with a bundle, as the command records its place."""

    class bundle:
        path = Path("models/colour")

    def decode_in_processes(self) -> None:
        """A few pictures of one colour."""


def forms(text: str) -> list[str]:
    return list(dict.fromkeys([text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))]))


#: One caption each, decomposed ones too; the words around them have nothing of these.
CAPTIONS = list(
    dict.fromkeys(form for text in [*(one for pair in PAIRS for one in pair), *ALONE] for form in forms(text))
)


def put(client: opensearchpy.OpenSearch, version: Version, *captions: str, **more: Any) -> None:
    """Documents as an ingest makes them, whose ids are their numbers."""
    for number, caption in enumerate(captions):
        record = Record(f"{number:04}", Path(f"/p/{number}.png"), (caption,), **more)
        document = item(record, "0" * 64, DeclaredColumns(version.fields)).document(
            VECTOR, 1, 1, "2026-01-01T00:00:00Z"
        )
        client.index(index=version.index, id=f"{number:04}", body={**document, "image_vector": VECTOR.tolist()})
    client.indices.refresh(index=version.index)


@pytest.fixture(scope="module", params=ANALYZERS)
def indexed(client: opensearchpy.OpenSearch, request: pytest.FixtureRequest) -> Iterator[tuple[Version, Searcher]]:
    """All CAPTIONS in an index of each analyzer."""
    alias = f"test-words-{uuid.uuid4().hex[:8]}"
    options = IndexOptions(analyzer=request.param, fields=FIELDS)
    made = versions.create(client, alias, fingerprint="ab" * 32, dimension=2, options=options)
    put(client, made, *(f"zzz {caption} qqq" for caption in CAPTIONS))
    yield made, Searcher(client, made)
    client.indices.delete(index=made.index)


def kept(version: Version, text: str) -> bool:
    """Whether the analyzer makes terms of it: the Thai tokenizer leaves emoji out."""
    return version.analyzer != "thai" or any(map(str.isalpha, text))


def found(searcher: Searcher, words: str, **more: Any) -> dict[str, Hit]:
    """The hits of a caption search by the caption that they had at first."""
    hits = searcher.search(Query(words, kind="caption", **more)).hits
    return {CAPTIONS[int(hit.id)]: hit for hit in hits}


@pytest.mark.parametrize("exact", [False, True])
def test_every_form_of_a_word_finds_every_other(indexed: tuple[Version, Searcher], exact: bool) -> None:
    version, searcher = indexed
    wrong: list[object] = []
    for pair in PAIRS:
        if not kept(version, pair[0]):
            continue
        every = [form for text in pair for form in forms(text)]
        for words in every:
            hits = found(searcher, words, exact=exact)
            if missing := set(every) - set(hits):
                wrong.append((words, "misses", missing))
            # As it is written comes first, or ties.
            best, own = max(hit.score for hit in hits.values()), hits.get(words)
            if own is not None and own.score < best - 1e-6:
                wrong.append((words, "ranks below another"))
            wrong += [
                (words, "marks", hit.caption, hit.pieces())
                for hit in hits.values()
                if [text for text, matched in hit.pieces() if matched] != [hit.caption[4:-4]]
            ]
    assert not wrong, f"{version.analyzer}: {wrong[:10]}"


@pytest.mark.parametrize("exact", [False, True])
def test_what_has_no_twin_finds_itself_alone(indexed: tuple[Version, Searcher], exact: bool) -> None:
    version, searcher = indexed
    for text in filter(partial(kept, version), ALONE):
        for words in forms(text):
            hits = found(searcher, words, exact=exact, match="phrase")
            assert set(forms(text)) <= hits.keys(), (version.analyzer, words)
            # Some languages' own analyzers make one word of these.
            if exact or version.analyzer in ("standard", "english", "german", "cjk", "thai"):
                captions = {hit.caption for hit in hits.values()}
                assert captions == {unicodedata.normalize("NFC", f"zzz {text} qqq")}, (version.analyzer, words)


def test_a_form_that_is_not_wanted(indexed: tuple[Version, Searcher]) -> None:
    _, searcher = indexed
    for words in forms("Joséphine"):
        assert not {"Joséphine", "josephine"} & found(searcher, "zzz", unwanted=(words,)).keys()
        assert "Joséphine" not in found(searcher, f"zzz {words}", unwanted=("josephine",))


def test_an_analyzer_of_parts_has_the_stem_of_the_plain_word(client: opensearchpy.OpenSearch) -> None:
    """A word with accents has the terms of the word without them, whatever the stemmer makes of either."""
    for analyzer in ANALYZERS:
        for accented, plain in PAIRS[:22]:
            both, one = (
                {token["token"] for token in client.indices.analyze(body={**steps(analyzer), "text": text})["tokens"]}
                for text in (accented, plain)
            )
            assert one, (analyzer, plain)
            assert one <= both, (analyzer, accented, plain)


@pytest.mark.parametrize(("caption", "better"), [("東京の猫", "cjk"), ("빨간 자동차", "cjk"), ("แมวและสุนัข", "thai")])
def test_advice_comes_before_the_index_is_made(
    client: opensearchpy.OpenSearch,
    opensearch_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caption: str,
    better: str,
) -> None:
    alias, said = f"test-words-{uuid.uuid4().hex[:8]}", []
    for number in range(3):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / f"{number}.png")
        (tmp_path / f"{number}.txt").write_text(caption, "utf-8")
    monkeypatch.setattr(ingest_bringing, "note", lambda text: said.append((text, versions.find(client, alias))))
    monkeypatch.setattr(command, "encoder_of_index", lambda *_, **__: Bundled())
    arguments = [str(tmp_path), "--index", alias, "--url", opensearch_url]
    try:
        assert CliRunner().invoke(command.ingest, arguments).exit_code == 0
        ((text, there),) = said
        assert there is None
        assert text.startswith("3 of the first 3 captions are in ")
        assert text.endswith(f"use --analyzer {better}")
        client.indices.delete(index=versions.current(client, alias).index)
        assert CliRunner().invoke(command.ingest, [*arguments, "--analyzer", better]).exit_code == 0
        assert len(said) == 1
    finally:
        client.indices.delete(index=versions.current(client, alias).index)


@pytest.mark.parametrize("indexed", ["standard", "english", "german", "cjk", "thai"], indirect=True)
@pytest.mark.parametrize("match", ["any", "most", "all", "phrase"])
@pytest.mark.parametrize("exact", [False, True])
def test_the_longest_query_of_accents_is_answered(indexed: tuple[Version, Searcher], match: Match, exact: bool) -> None:
    """Two terms of each word are one clause for the server, which takes 1,024 with the filters'."""
    longest = [
        " ".join(f"é{number}" for number in range(2_000)),
        "東" * 2_000,
        "ổ " * 2_000,
        "ﾃ" * 2_000,
        "👍🏽 " * 2_000,
    ]
    filters = (*(f"city={number}" for number in range(63)), "größe=Zürich,東京")
    for text in longest:
        query = Query(text, kind="caption", match=match, exact=exact, filters=filters, unwanted=("é " * 50,))
        assert not indexed[1].search(query).hits
