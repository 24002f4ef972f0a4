"""Words that an analyzer leaves out, on a real server: what a search of nothing else says, and what a phrase with one finds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.query.fusion import TECHNIQUES, Fusion
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.searcher import Searcher
from clipseek.testing.encoder import ColourEncoder

pytestmark = pytest.mark.integration
ENCODER = ColourEncoder()
#: Of each analyzer a phrase with a word that it leaves out, the same with another such word, and words that it leaves out.
PHRASES = {
    "english": ("bank of america", "bank in america", "the of and"),
    "german": ("Haus der Kunst", "Haus und Kunst", "der und die"),
    "french": ("tour de france", "tour en france", "le de et"),
    "spanish": ("casa de papel", "casa en papel", "el de y"),
    "italian": ("torre di pisa", "torre in pisa", "il di e"),
    "portuguese": ("cidade de lisboa", "cidade em lisboa", "de e em"),
    "dutch": ("huis van oranje", "huis en oranje", "de van het"),
    "swedish": ("hund och katt", "hund i katt", "och i att"),
    "russian": ("война и мир", "война на мир", "и в на"),
    "turkish": ("kedi ile köpek", "kedi ve köpek", "ve ile bu"),
    "arabic": ("كتاب من مصر", "كتاب في مصر", "من في"),
    "hindi": ("भारत का नक्शा", "भारत में नक्शा", "का में"),
    "greek": ("σπίτι και κήπος", "σπίτι με κήπος", "και με"),
    "cjk": ("bank of america", "bank in america", "the of and"),
    "thai": ("แมวและสุนัข", "แมวที่สุนัข", "และที่"),
}
Indexed = tuple[str, Searcher]


@pytest.fixture(scope="module", params=PHRASES)
def indexed(client: opensearchpy.OpenSearch, request: pytest.FixtureRequest) -> Iterator[Indexed]:
    """An index with the two phrases, and a caption of red things."""
    alias = f"test-left-out-{uuid.uuid4().hex[:8]}"
    options = IndexOptions(analyzer=request.param)
    made = versions.create(client, alias, fingerprint=ENCODER.fingerprint, dimension=4, options=options)
    for name, caption in zip("abc", (*PHRASES[request.param][:2], "red 1234 cars"), strict=True):
        document = {"image_id": name, "caption": caption, "image_vector": ENCODER.encode_texts(["red"])[0].tolist()}
        client.index(index=made.index, id=name, body=document, params={"refresh": "true"})
    yield request.param, Searcher(client, made, ENCODER)
    client.indices.delete(index=made.index)


def ids(answer: Answer) -> set[str]:
    return {hit.id for hit in answer.hits}


def test_a_phrase_means_every_word(indexed: Indexed) -> None:
    analyzer, searcher = indexed
    phrase, other, _ = PHRASES[analyzer]
    answer = searcher.search(Query(phrase, kind="caption", match="phrase"))
    assert ids(answer) == {"a"}
    (note,) = answer.notes
    assert note.startswith(f"analyzer {analyzer} leaves out ")
    assert note.endswith(": the phrase is searched for as it is written (--exact)")
    assert all(matched for text, matched in answer.hits[0].pieces() if text.strip())
    assert ids(searcher.search(Query(other, kind="caption", match="phrase"))) == {"b"}
    both = searcher.search(Query(texts=((phrase, 2), (other, 1)), kind="caption", match="phrase"))
    assert not both.hits
    hybrid = searcher.search(Query(phrase, match="phrase"))
    assert [hit.id for hit in hybrid.hits if "caption" in hit.raw] == ["a"]


def test_all_words_are_those_that_the_analyzer_keeps(indexed: Indexed) -> None:
    analyzer, searcher = indexed
    answer = searcher.search(Query(PHRASES[analyzer][0], kind="caption", match="all"))
    assert (ids(answer), answer.notes) == ({"a", "b"}, ())


def test_a_phrase_without_such_a_word_keeps_its_stems(indexed: Indexed) -> None:
    for phrase in ("red 1234", "red² _ (1234)!"):
        answer = indexed[1].search(Query(phrase, kind="caption", match="phrase"))
        assert (ids(answer), answer.notes) == ({"c"}, ())


@pytest.mark.parametrize("match", ["any", "most", "all", "phrase"])
def test_nothing_but_such_words_is_said(indexed: Indexed, match: str) -> None:
    analyzer, searcher = indexed
    words = PHRASES[analyzer][2]
    query = Query(words, kind="caption", match=match)  # type: ignore[arg-type]
    answer = searcher.search(query)
    if match == "phrase":  # is searched for as it is written, and stands in no caption so
        assert not answer.hits
        return
    assert (answer.hits, answer.matched) == ([], 0)
    assert answer.notes == (
        f"no caption can match {words!r}: analyzer {analyzer} leaves out all words of it; search for them as they are written "
        "with --exact",
    )
    assert searcher.search(Query(words, kind="caption", match="any", exact=True)).hits


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("technique", [one for one in TECHNIQUES if one != "z_score"])
def test_a_hybrid_goes_on_by_its_vector(indexed: Indexed, technique: str, complete: bool) -> None:
    analyzer, searcher = indexed
    words = PHRASES[analyzer][2]
    fusion = Fusion(technique, complete=complete)  # type: ignore[arg-type]
    answer = searcher.search(Query(words), fusion)
    assert ids(answer) == {"a", "b", "c"}
    assert answer.notes[-1].endswith("with --exact; the vector ranks alone")
    assert not any("caption" in hit.raw for hit in answer.hits)
    assert all(hit.shares == {"caption": 0.0, "vector": 1.0} for hit in answer.hits)
    # Beside a text that has words, nothing is to be said.
    assert not searcher.search(Query(texts=((words, 1), ("1234", 1))), fusion).notes


@pytest.mark.parametrize("words", ["!!!", "... ---", "→ ✓", "?¿", "\u200d"])
@pytest.mark.parametrize("exact", [False, True])
def test_signs_are_no_words(indexed: Indexed, words: str, exact: bool) -> None:
    _, searcher = indexed
    answer = searcher.search(Query(words, kind="caption", exact=exact))
    assert (answer.hits, answer.notes) == ([], (f"no caption can match {words!r}: it has no words, only signs",))
    assert len(searcher.search(Query(words, exact=exact)).hits) == 3


def test_usual_searches_ask_for_no_analysis(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    _, searcher = indexed

    def never(*_: object, **__: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(opensearchpy.client.indices.IndicesClient, "analyze", never)
    assert searcher.search(Query("red 1234", kind="caption")).hits
    assert searcher.search(Query("red 1234")).hits
    with pytest.raises(AssertionError, match="asked"):
        searcher.search(Query("unheard", kind="caption"))


def test_words_that_no_caption_has_are_none_that_are_left_out(indexed: Indexed) -> None:
    answer = indexed[1].search(Query("unheard", kind="caption"))
    assert (answer.hits, answer.notes) == ([], ())
