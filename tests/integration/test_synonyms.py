"""Synonyms on a real server: which captions they find, and that each analyzer made of parts is the server's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import opensearchpy
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.index.words.analysis import ANALYZERS, steps
from clipseek.opensearch.index.words.synonyms import digest, refused_rule
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.searcher import Searcher

pytestmark = pytest.mark.integration
CAPTIONS = {
    "f": "un café noir ❤\ufe0f",
    "a": "a red automobile",
    "b": "two boats",
    "c": "a television set",
    "d": "the telly",
    "e": "a tree",
}
RULES = (
    "cafe\u0301, bistro",
    "tasse, un cafe\u0301 noir",
    "❤, love",
    "car, automobile",
    "ship, boats, wooden vessel",
    "tv => television set",
)
# Of each language words with endings, stop words, and what else its analyzer changes.
TEXTS = {
    "standard": "The Boats and Dogs, U.S.A. 3.5",
    "english": "The boats' owners aren't running John's quickly; it is a cat and dogs",
    "german": "Die Häuser und Straßen über den Bäumen, schöne Mädchen liefen",
    "french": "L'avion d'une fille qu'il aimait, jusqu'au bout des chevaux étaient",
    "italian": "L'amico dell'albero sull'isola mangiavano gli uomini",
    "spanish": "Los niños corrían por las calles con perros",
    "portuguese": "Os meninos corriam pelas ruas com cães",
    "swedish": "Hundarna och katterna springer på gatan",
    "danish": "Hundene og kattene løber på gaden",
    "norwegian": "Hundene og kattene løper på gaten",
    "finnish": "Koirat ja kissat juoksevat kadulla",
    "russian": "Собаки и кошки бегают по улицам",
    "hungarian": "A kutyák és a macskák futnak az utcán",
    "romanian": "Câinii și pisicile aleargă pe străzi",
    "brazilian": "Os meninos corriam pelas ruas com cães e não são",
    "catalan": "L'home d'una casa s'ha menjat els arbres i n'hi ha",
    "galician": "Os nenos corrían polas rúas cos cans",
    "basque": "Txakurrak eta katuak kalean korrika dabiltza",
    "irish": "An t-athair n-arán h-uisce d'fhear b'fhéidir m'athair na mban i nGaillimh tAthair nÉireann",
    "dutch": "De fietsen en bromfiets, het ei en het kind, kinderen liepen op straat",
    "estonian": "Koerad ja kassid jooksevad tänaval",
    "latvian": "Suņi un kaķi skrien pa ielām",
    "lithuanian": "Šunys ir katės bėga gatvėmis",
    "czech": "Psi a kočky běhají po ulicích, ženami",
    "bulgarian": "Кучетата и котките тичат по улиците",
    "greek": "Οι σκύλοι και οι γάτες τρέχουν στους ΔΡΌΜΟΥΣ",
    "armenian": "Շները և կատուները վազում են փողոցում",
    "turkish": "İstanbul'daki Işık ve kediler köpeklerin sokaklarında",
    "indonesian": "Anjing-anjing dan kucing berlari di jalan, memperbarui bukunya",
    "hindi": "कुत्ते और बिल्लियाँ सड़क पर दौड़ते हैं १२३",
    "bengali": "কুকুর এবং বিড়াল রাস্তায় দৌড়াচ্ছে ১২",
    "arabic": "الكلاب والقطط يركضون في الشوارع ١٢٣",
    "persian": "سگ‌ها و گربه‌ها در خیابان‌ها می‌دوند ۱۲",
    "sorani": "سەگەکان و پشیلەکان لە شەقامەکان ڕادەکەن",
    "cjk": "東京の猫と犬 ＡＢＣ 한국어 the cats ｶﾞ",
    "thai": "แมวและสุนัขวิ่งอยู่บนถนน ๑๒",
}


@pytest.fixture(scope="module")
def version(client: opensearchpy.OpenSearch) -> Iterator[Version]:
    options = IndexOptions(synonyms=RULES)
    alias = f"test-synonyms-{uuid.uuid4().hex[:8]}"
    made = versions.create(client, alias, fingerprint="ab" * 32, dimension=2, options=options)
    for name, caption in CAPTIONS.items():
        document = {"image_id": name, "caption": caption, "image_vector": [1.0, 0.0]}
        client.index(index=made.index, id=name, body=document, params={"refresh": "true"})
    yield made
    client.indices.delete(index=made.index)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("cars", {"a"}),
        ("automobile", {"a"}),
        ("ship", {"b"}),
        ("wooden vessel", {"b"}),
        ("tv", {"c"}),
        ("television set", {"c"}),
        ("telly", {"d"}),  # the arrow's left side is searched for as its right, and nothing as its left
        ("trees", {"e"}),
        ("bistro", {"f"}),
        ("cafe", {"f"}),
        ("cafe\u0301", {"f"}),
        ("tasse", {"f"}),
        ("love", {"f"}),
        ("❤\ufe0f", {"f"}),
    ],
)
def test_what_they_find(client: opensearchpy.OpenSearch, version: Version, words: str, ids: set[str]) -> None:
    answer = Searcher(client, version).search(Query(words, kind="caption"))
    assert {hit.id for hit in answer.hits} == ids
    assert all(matched for hit in answer.hits for matched in [any(mark for _, mark in hit.pieces())])
    exact = Searcher(client, version).search(Query("cars", kind="caption", exact=True))
    assert not exact.hits  # as they are written: no stems and no synonyms


def test_all_words_and_their_marks(client: opensearchpy.OpenSearch, version: Version) -> None:
    (hit,) = Searcher(client, version).search(Query("red car", kind="caption", match="all")).hits
    assert [text for text, matched in hit.pieces() if matched] == ["red", "automobile"]


def test_the_index_remembers_which(client: opensearchpy.OpenSearch, version: Version) -> None:
    assert version.synonyms == digest(RULES)
    assert versions.current(client, version.alias) == version
    versions.write_meta(client, version, "search", {"fusion": "l2"})
    assert versions.current(client, version.alias) == replace(version, search={"fusion": "l2"})


def test_a_rule_that_the_server_cannot_build_is_named(client: opensearchpy.OpenSearch) -> None:
    rules = ("car, automobile", "boat, ship", "bird in the hand, sparrow", "tree, the")
    assert refused_rule(client, "english", rules) == "bird in the hand, sparrow"
    assert refused_rule(client, "standard", rules) is None
    alias = f"test-synonyms-{uuid.uuid4().hex[:8]}"
    with pytest.raises(InvalidOption, match="'bird in the hand, sparrow' have a word that analyzer english leaves out"):
        versions.create(client, alias, fingerprint="ab" * 32, dimension=2, options=IndexOptions(synonyms=rules))
    assert versions.find(client, alias) is None


def test_there_is_a_text_for_every_analyzer() -> None:
    assert TEXTS.keys() == set(ANALYZERS)


@pytest.mark.parametrize("analyzer", ANALYZERS)
def test_an_analyzer_of_parts_is_the_servers_own(client: opensearchpy.OpenSearch, analyzer: str) -> None:
    text = f"{TEXTS[analyzer]}. {' '.join(TEXTS.values())}"
    parts, own = (
        client.indices.analyze(body={**made, "text": text})["tokens"]
        for made in (steps(analyzer, folding=False), {"analyzer": analyzer})
    )
    assert [(one["token"], one["position"]) for one in parts] == [(one["token"], one["position"]) for one in own]
