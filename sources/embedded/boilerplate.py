"""Texts that a camera or a program writes into every picture: no caption of any."""

from __future__ import annotations

import json
import re
from pathlib import PurePath

#: Whole texts, in lower case; and how others begin.
_WHOLE = frozenset(
    """
    olympus digital camera|minolta digital camera|konica minolta digital camera|pentax digital camera|medion digital camera
    digital camera|kodak digital still camera|digital stillcamera|sony dsc|dsc|samsung|samsung camera pictures|hasselblad
    samsung digital camera|exif_jpeg_picture|exif jpeg|exif_jpeg_t422|exif_jpeg_420|jpeg|jpeg picture|applemark|default|dji|gopro
    imagedescription|image description|user comments|user comment|usercomment|binary comment|charset=ascii|ascii|unicode
    untitled|no title|none|null|n/a|title|description|caption|comment|picture|photo|image|screenshot|my beautiful picture
    cof|sdr|hdr|dav|mde|btf|btr|rhdr|ptr|rbt|oznor|smart|hdrpl|edf|nor|dtf|burst|jpegs|skype|scan|scanned document|file source
    camera|shotwell|created with gimp
    """.strip()
    .replace("\n    ", "|")
    .split("|")
)
_STARTS = re.compile(
    r"""
    created\ with | created\ by\ (?:image|photo|acdsee|irfan|gimp|paint) | creator:\ gd-jpeg | file\ written\ by\ adobe
    | lead\ technologies | acd\ systems | (?:processed|edited|optimi[sz]ed|compressed|scanned)\ (?:with|by) | (?:made|saved)\ with
    | handmade\ software | jpeg\ encoder | \*\*\* | imagej= | aperio | <kenox | <digimax | <samsung | vt\d | intel\(r\)\ jpeg
    | xmp\ software | exif_jpeg | lavc\d | fileterintensity | filter: | software:\  | generated\ by
    | [a-z]{2,6}_(?:hdr|vivid|soft|sdr)\w*$ | (?:[a-z]:)?[\\/]?dcim[\\/]
    """,
    re.VERBOSE,
)
_FILE = re.compile(
    r"[\w()+ -]+\.(?:jpe?g|png|tiff?|heic|heif|webp|dng|nef|cr[23w]|arw|raf|orf|rw2|gif|bmp|psd)", re.IGNORECASE
)
#: How cameras and phones number files.
_NUMBERED = re.compile(
    r"_?(?:img|dsc[fn]?|dscn|imgp|pict?|p|mvi|pxl|mvimg|gopr|dji|cimg|kif|hpim|sam|100|r00|sany|whatsapp image)[-_ ]?"
    r"[\d_~-]{3,}\w*",
    re.IGNORECASE,
)


def is_boilerplate(text: str, picture: PurePath) -> bool:
    """True for a text that says nothing of the picture: a program's or a camera's own, the file's name, numbers, data."""
    lowered = text.strip().casefold()
    if lowered in _WHOLE or _STARTS.match(lowered) or lowered in (picture.name.casefold(), picture.stem.casefold()):
        return True
    if _FILE.fullmatch(text) or _NUMBERED.fullmatch(text) or not any(map(str.isalpha, text)):
        return True
    return _is_data(text)


def _is_data(text: str) -> bool:
    """JSON, XML, or one long word as of base64 or hexadecimal digits."""
    if text[0] in "{[" and text[-1] in "]}":
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return False
        return True
    return (text[0] == "<" and text[-1] == ">") or (
        len(text) > 60 and text.isascii() and " " not in text and ":" not in text
    )
