"""A search by a part of a picture on a real server: the same vector as of a file that holds those pixels alone."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import opensearchpy
import pytest
from clipseek.encoder import Bundle, ClipEncoder, Crop
from clipseek.opensearch import Query, QueryPicture, Searcher
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.query.vectors import query_vectors
from clipseek.sources import Record
from PIL import Image, ImageOps

from tests.command import run_command, said
from tests.pictures import picture
from tests.shipped import TUNED

pytestmark = pytest.mark.integration

SIDE, PICTURES = 96, 12
NAMES = [f"p{number}" for number in range(PICTURES)]


@pytest.fixture(scope="module")
def encoder() -> ClipEncoder:
    return ClipEncoder(Bundle.load(TUNED), device="cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pictures of the index, and a collage of all of them: four columns, three rows."""
    made = tmp_path_factory.mktemp("crop")
    collage = Image.new("RGB", (4 * SIDE, 3 * SIDE), "white")
    for number, name in enumerate(NAMES):
        tile = picture(number, "RGB", (SIDE, SIDE))
        tile.save(made / f"{name}.png")
        collage.paste(tile, place(number)[:2])
    collage.save(made / "collage.png")
    collage.save(made / "collage.jpg", quality=97)
    return made


def place(number: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of a picture in the collage."""
    return number % 4 * SIDE, number // 4 * SIDE, SIDE, SIDE


@pytest.fixture(scope="module")
def alias(client: opensearchpy.OpenSearch, encoder: ClipEncoder, folder: Path) -> Iterator[str]:
    name = f"test-crop-{uuid.uuid4().hex[:8]}"
    records = [Record(at, folder / f"{at}.png", (f"picture {at}",)) for at in NAMES]
    assert ingest(client, name, encoder, records, bundle=str(TUNED)).indexed == PICTURES
    yield name
    client.indices.delete(index=versions.current(client, name).index)


@pytest.mark.parametrize("number", range(PICTURES))
def test_a_crop_of_a_collage_finds_that_picture_first(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, folder: Path, number: int
) -> None:
    searcher = Searcher.open(client, alias, encoder)
    data = (folder / "collage.png").read_bytes()
    left, top, width, height = place(number)
    in_fractions = Crop(left / (4 * SIDE), top / (3 * SIDE), width / (4 * SIDE), height / (3 * SIDE), "fractions")
    for crop in (Crop(*place(number)), in_fractions):
        best, second = searcher.search(Query(pictures=(QueryPicture(data, crop=crop),))).hits[:2]
        assert best.id == NAMES[number]
        assert best.cosine == pytest.approx(1, abs=1e-5)
        assert second.cosine is not None
        assert second.cosine < 0.999


def test_each_crop_of_one_picture_can_be_a_clause_with_a_weight(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, folder: Path
) -> None:
    data = (folder / "collage.png").read_bytes()
    query = Query(pictures=(QueryPicture(data, 3, Crop(*place(2))), QueryPicture(data, 1, Crop(*place(9)))), split=True)
    answer = Searcher.open(client, alias, encoder).search(query)
    assert answer.hits[0].id == "p2"
    terms = {(hit.id, term.clause): term for hit in answer.hits for term in answer.terms(hit)}
    for clause, found in (("picture 1", "p2"), ("picture 2", "p9")):
        assert terms[found, clause].cosine == pytest.approx(1, abs=1e-5)
        assert terms[found, clause].normalised == 1
    assert [term.weight for term in answer.terms(answer.hits[0])] == [0.75, 0.25]


@pytest.mark.parametrize("kind", ["jpeg 1", "jpeg 2", "jpeg 3", "jpeg 4", "jpeg 5", "jpeg 6", "jpeg 7", "jpeg 8"])
def test_the_vector_is_that_of_a_png_of_those_pixels_in_every_orientation(
    encoder: ClipEncoder, folder: Path, kind: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = int(kind.split()[1])
    with Image.open(folder / "collage.jpg") as collage:
        stream = io.BytesIO()
        collage.save(stream, "JPEG", quality=97, exif=exif)
    with Image.open(stream) as file:
        shown = ImageOps.exif_transpose(file).convert("RGB")
    assert same_vector(encoder, stream.getvalue(), shown)


@pytest.mark.parametrize("kind", ["alpha", "16 bits"])
def test_the_vector_is_that_of_a_png_of_those_pixels(encoder: ClipEncoder, kind: str) -> None:
    if kind == "alpha":
        picture_of_kind = picture(3, "RGBA", (300, 200))
        white = Image.new("RGBA", picture_of_kind.size, (255, 255, 255, 255))
        shown = Image.alpha_composite(white, picture_of_kind).convert("RGB")
    else:
        picture_of_kind = picture(3, "I;16", (300, 200))
        shown = Image.fromarray((np.asarray(picture_of_kind) // 257).astype(np.uint8)).convert("RGB")
    stream = io.BytesIO()
    picture_of_kind.save(stream, "PNG")
    assert same_vector(encoder, stream.getvalue(), shown)


def same_vector(encoder: ClipEncoder, data: bytes, shown: Image.Image) -> bool:
    """Whether a crop of the file ``data`` has the vector of a PNG that Pillow cuts out of ``shown``."""
    stream = io.BytesIO()
    shown.crop((40, 30, 40 + 150, 30 + 120)).save(stream, "PNG")
    queries = (
        Query(picture=stream.getvalue()),
        Query(pictures=(QueryPicture(data, crop=Crop(40, 30, 150, 120)),)),
        Query(picture=data),
    )
    png, crop, whole = (query_vectors(query, lambda: encoder, lambda ids: {})["vector"] for query in queries)
    assert float(whole @ png) < 0.9999  # the whole picture is another
    return float(crop @ png) >= 0.9999


@pytest.mark.parametrize(
    ("crop", "reason"),
    [
        (Crop(350, 0, SIDE, SIDE), "ends outside the picture, which has 384 x 288 pixels"),
        (Crop(0, 0, 4, 4), "too small: 4 x 4 of 384 x 288 pixels, expected 8 x 8 or more"),
    ],
)
def test_a_crop_that_is_not_in_the_picture_is_refused(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, folder: Path, crop: Crop, reason: str
) -> None:
    query = Query(pictures=(QueryPicture((folder / "collage.png").read_bytes(), crop=crop),))
    with pytest.raises(InvalidOption, match=f"the query picture cannot be used: the crop .*{reason}"):
        Searcher.open(client, alias, encoder).search(query)


def test_the_command(alias: str, folder: Path, opensearch_url: str) -> None:
    where = ("--index", alias, "--url", opensearch_url)
    collage = folder / "collage.png"

    def best(*arguments: str) -> list[str]:
        done = run_command("search", *arguments, *where, "-k", "2", "--json")
        assert done.returncode == 0, done.stderr
        return [hit["id"] for hit in json.loads(done.stdout)["hits"]]

    left, top, width, height = place(6)
    assert best("--image", f"{collage}#{left},{top},{width},{height}")[0] == "p6"
    assert best("--image", f"{collage}#50%,33.3334%,25%,33.3333%@2")[0] == "p6"
    two = ("--image", f"{collage}#0,0,96,96", "--image", f"{collage}#288,192,96,96@99", "--clauses")
    assert best(*two)[0] == "p11"
    odd = folder / "collage.png#0,0,96,96"  # a file of that name wins
    odd.write_bytes((folder / "p5.png").read_bytes())
    assert best("--image", str(odd))[0] == "p5"
    assert best("--image", f"{odd}@2")[0] == "p5"
    odd.unlink()
    assert best("--image", str(odd))[0] == "p0"
    page = folder / "page.html"
    assert run_command("search", "--image", f"{collage}#0,0,96,96", *where, "--html", str(page)).returncode == 0
    assert page.read_text("utf-8").count("data:image/webp") == 11  # the crop, and ten hits
    for crop, words in (
        ("380,0,50,50", "ends outside the picture"),
        ("0,0,0,0", "is empty"),
        ("-1,0,50,50", "begins outside the picture"),
        ("0,0,5,5", "is too small"),
        ("0,0,50", "is not understood"),
    ):
        done = run_command("search", "--image", f"{collage}#{crop}", *where)
        assert (done.returncode, done.stdout, len(said(done.stderr))) == (1, "", 1), done.stderr
        assert words in done.stderr
