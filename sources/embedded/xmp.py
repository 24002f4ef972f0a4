"""XMP: an RDF packet in the file or in an ``.xmp`` beside it. https://developer.adobe.com/xmp/docs/"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .exif import camera, iso_date
from .found import Embedded, distinct

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NAMES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://ns.microsoft.com/photo/1.0": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
}
_TEXTS = (
    "dc:description",
    "Iptc4xmpCore:AltTextAccessibility",
    "photoshop:Headline",
    "dc:title",
    "exif:UserComment",
    "tiff:ImageDescription",
)
_KEYWORDS = ("dc:subject", "MicrosoftPhoto:LastKeywordXMP", "lr:hierarchicalSubject", "digiKam:TagsList")
_LEVELS = re.compile(r"[|/]")
_DEGREES = re.compile(r"(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])")
LARGEST = 16 << 20


class Refused(ValueError):
    """A packet that is not read; the text is the reason."""


def read_xmp(packet: bytes) -> Embedded:
    """What ``packet`` says. Raises Refused for what is no XML, and for a document type or entities, by which a few bytes may become
    gigabytes."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    packet = packet.strip(b"\0 \t\r\n")
    if len(packet) > LARGEST:
        raise Refused(f"XMP of {len(packet):,} bytes; at most {LARGEST:,} are read")
    try:
        root = fromstring(packet, forbid_dtd=True)
    except DefusedXmlException:
        raise Refused("XMP with a document type or entities, which is never read") from None
    except (ParseError, ValueError, LookupError) as problem:
        raise Refused(f"XMP that is no XML: {problem}") from None
    said = _properties(root)

    def first(*names: str) -> str:
        return next((text for name in names for text in said[name]), "")

    keywords = [part for name in _KEYWORDS for text in said[name] for part in _parts(name, text)]
    return Embedded(
        texts=distinct(text for name in _TEXTS for text in said[name]),
        keywords=distinct(keywords),
        taken=iso_date(first("exif:DateTimeOriginal", "photoshop:DateCreated")),
        camera=camera(first("tiff:Make"), first("tiff:Model")),
        place=_place(first("exif:GPSLatitude"), first("exif:GPSLongitude")),
        city=first("photoshop:City") or None,
        country=first("photoshop:Country") or None,
    )


def _properties(root: Element) -> dict[str, list[str]]:
    """``prefix:name`` -> its texts, of the schemas that are known; a property may be an attribute or an element."""
    said: dict[str, list[str]] = defaultdict(list)
    for description in root.iter(f"{_RDF}Description"):
        for name, text in description.attrib.items():
            said[_named(name)].append(text)
        for element in description:
            said[_named(element.tag)] += _texts(element)
    return said


def _named(tag: str) -> str:
    space, _, name = tag.removeprefix("{").rpartition("}")
    return f"{_NAMES.get(space, '')}:{name}"


def _texts(element: Element) -> Iterator[str]:
    """The items of a list, the default language first; else the element's own text."""
    items: Iterable[Element] = list(element.iter(f"{_RDF}li"))
    for item in sorted(items, key=lambda one: one.get(_LANG, "x-default") != "x-default"):
        yield from filter(None, [(item.text or "").strip()])
    if not items:
        yield from filter(None, [(element.text or "").strip()])


def _parts(name: str, text: str) -> list[str]:
    """``Animals|Dog`` and ``Animals/Dog`` are two keywords; in a plain list a slash is a letter."""
    return _LEVELS.split(text) if name in _KEYWORDS[2:] else [text]


def _place(latitude: str, longitude: str) -> tuple[float, float] | None:
    degrees = []
    for text, most in ((latitude, 90), (longitude, 180)):
        match = _DEGREES.fullmatch(text.strip())
        if match is None:
            return None
        number = int(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
        if number > most:
            return None
        degrees.append(-number if match[4] in "SW" else number)
    return (degrees[0], degrees[1]) if any(degrees) else None
