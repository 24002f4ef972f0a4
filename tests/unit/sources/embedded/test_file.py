from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from clipseek.sources.embedded.file import read_beside, read_file
from clipseek.sources.embedded.found import NOTHING

from .files import described, exif, iptc, photoshop, picture, png_with, with_segment, xmp

SUBJECT = "<dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>boat</rdf:li></rdf:Bag></dc:subject>"


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif"])
def test_exif_and_xmp_of_every_container(tmp_path: Path, name: str) -> None:
    packet = xmp(described("a red boat &amp; a café") + SUBJECT)
    saving: dict[str, object] = {"xmp": packet}
    if name == "a.png":
        saving = {"pnginfo": _png_xmp(packet)}
    if name == "a.tif":
        saving = {"tiffinfo": {700: packet, 271: "NIKON CORPORATION", 272: "NIKON D90"}}
    else:
        own = {0x9003: "2024:05:31 10:00:00", 0x9011: "+02:00"}
        saving["exif"] = exif(t271="NIKON CORPORATION", t272="NIKON D90", own=own)
    path = picture(tmp_path / name, **saving)
    found, problems = read_file(path)
    assert not problems
    assert found.captions == ("a red boat & a café",)
    assert found.keywords == ("sea", "boat")
    assert found.camera == "NIKON D90"
    if name != "a.tif":
        assert found.taken == "2024-05-31T10:00:00+02:00"


def _png_xmp(packet: bytes) -> object:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode())
    return info


def test_iptc_of_a_jpeg_in_utf8_and_cp1252(tmp_path: Path) -> None:
    for text, utf8 in (("Zürich am See".encode(), True), ("Zürich am See".encode("cp1252"), False)):
        data = iptc(
            (120, text),
            (105, b"Headline"),
            (25, b"lake"),
            (25, b"town"),
            (90, b"Z\xc3\xbcrich"),
            (55, b"20240531"),
            utf8=utf8,
        )
        path = with_segment(picture(tmp_path / "a.jpg"), 0xED, b"Photoshop 3.0\0" + photoshop(data))
        found, _ = read_file(path)
        assert found.captions == ("Zürich am See", "Headline")
        assert (found.keywords, found.city, found.taken) == (("lake", "town"), "Zürich", "2024-05-31")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"t270": "a goat on a roof"}, ("a goat on a roof",)),
        ({"t270": "OLYMPUS DIGITAL CAMERA         "}, ()),
        ({"t270": "SONY DSC"}, ()),
        ({"t270": '{"shape": [24, 32, 3]}'}, ()),
        ({"t270": "DCIM\\100MEDIA\\DJI_0001.JPG"}, ()),
        ({"t270": "IMG_1234"}, ()),
        ({"t270": "a.jpg"}, ()),
        ({"t270": "fileterIntensity: 0.0; filterMask: 0; module: photo;"}, ()),
        ({"t40091": "ein Titel".encode("utf-16-le") + b"\0\0"}, ("ein Titel",)),
        ({"own": {0x9286: b"ASCII\0\0\0a comment"}}, ("a comment",)),
        ({"own": {0x9286: b"UNICODE\0" + "ein Größe".encode("utf-16-le")}}, ("ein Größe",)),
        ({"own": {0x9286: b"UNICODE\0" + "ein Größe".encode("utf-16-be")}}, ("ein Größe",)),
        ({"own": {0x9286: b"\0" * 8 + b"      "}}, ()),
        ({"own": {0x9286: b"ASCII\0\0\0" + b"\0" * 40}}, ()),
    ],
)
def test_exif_texts_without_boilerplate(tmp_path: Path, tags: dict[str, object], expected: tuple[str, ...]) -> None:
    found, _ = read_file(picture(tmp_path / "a.jpg", exif=exif(**tags)))
    assert found.captions == expected


def test_png_texts_before_and_behind_the_picture(tmp_path: Path) -> None:
    behind = ((b"tEXt", b"Title\0a title"), (b"tEXt", b"Software\0gimp"))
    path = png_with(tmp_path / "a.png", ("Description", "a café"), ("Comment", "Created with GIMP"), behind=behind)
    assert read_file(path)[0].captions == ("a café", "a title")


def test_hierarchical_keywords_are_their_levels(tmp_path: Path) -> None:
    packet = xmp(
        "<lr:hierarchicalSubject><rdf:Bag><rdf:li>Animals|Dog</rdf:li></rdf:Bag></lr:hierarchicalSubject>"
        "<digiKam:TagsList><rdf:Seq><rdf:li>Places/Sea</rdf:li></rdf:Seq></digiKam:TagsList>"
        "<dc:subject><rdf:Bag><rdf:li>AC/DC</rdf:li></rdf:Bag></dc:subject>"
    )
    found, _ = read_file(picture(tmp_path / "a.jpg", xmp=packet))
    assert set(found.keywords) == {"Animals", "Dog", "Places", "Sea", "AC/DC"}
    assert found.captions == (", ".join(found.keywords),)


def test_places_of_exif_and_xmp(tmp_path: Path) -> None:
    gps = {1: "S", 2: (33.0, 30.0, 0.0), 3: "E", 4: (151.0, 15.0, 36.0)}
    assert read_file(picture(tmp_path / "a.jpg", exif=exif(gps=gps)))[0].place == pytest.approx((-33.5, 151.26))
    packet = xmp(attributes='exif:GPSLatitude="33,30.0S" exif:GPSLongitude="151,15,36E"')
    assert read_file(picture(tmp_path / "b.jpg", xmp=packet))[0].place == pytest.approx((-33.5, 151.26))
    zeros = {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}
    assert read_file(picture(tmp_path / "c.jpg", exif=exif(gps=zeros)))[0].place is None


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "    :  :     :  :  ", "", "2024:13:41 10:00:00"])
def test_a_clock_that_was_not_set_is_no_date(tmp_path: Path, taken: str) -> None:
    assert read_file(picture(tmp_path / "a.jpg", exif=exif(own={0x9003: taken})))[0].taken is None


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {name} "{("&" + before + ";") * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


@pytest.mark.parametrize(
    "head",
    [BOMB, '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>', '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'],
)
def test_entities_are_refused_in_no_time(tmp_path: Path, head: str) -> None:
    packet = head.encode() + xmp(described("&i;")).split(b"?>", 1)[1]
    started = time.monotonic()
    for path in (picture(tmp_path / "a.jpg", xmp=packet), picture(tmp_path / "b.webp", xmp=packet)):
        found, problems = read_file(path)
        assert found == NOTHING
        assert "never read" in problems[0]
    (tmp_path / "c.xmp").write_bytes(packet)
    assert "never read" in read_beside(tmp_path / "c.xmp", tmp_path / "c.jpg")[1][0]
    assert time.monotonic() - started < 1


def test_broken_files_say_nothing_and_raise_nothing(tmp_path: Path) -> None:
    packet = xmp(described("a boat"))
    whole = {
        name: picture(
            tmp_path / name, xmp=packet, exif=exif(t270="a goat", own={0x9286: b"ASCII\0\0\0x y"})
        ).read_bytes()
        for name in ("a.jpg", "a.webp", "a.avif")
    }
    whole["a.png"] = png_with(tmp_path / "a.png", ("Description", "a boat")).read_bytes()
    whole["a.tif"] = picture(tmp_path / "a.tif", tiffinfo={270: "a boat", 700: packet}).read_bytes()
    for name, data in whole.items():
        path = tmp_path / f"x{name}"
        for size in range(0, min(len(data), 1200), 7):
            path.write_bytes(data[:size])
            read_file(path)
            path.write_bytes(data[:size] + b"\xff\xff\xff\xff" + data[size + 4 :])
            read_file(path)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.jpg")
    os.symlink("/dev/zero", tmp_path / "z.jpg")
    for name in ("p.jpg", "z.jpg", "absent.jpg"):
        assert read_file(tmp_path / name) == (NOTHING, [])
