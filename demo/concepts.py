"""From an icon's name to its words and to its concept, the key that says "the same thing drawn by someone else".

The concept decides two things: which pictures count as right answers for each other's captions, and on which side of the split a picture lies.
It therefore never depends on the set: style words, numbers and the order of the words go, plurals become singulars.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Literal

Split = Literal["train", "val", "test"]

STYLE_WORDS = frozenset(
    [
        "outline",
        "outlined",
        "outlines",
        "filled",
        "fill",
        "solid",
        "regular",
        "bold",
        "duotone",
        "twotone",
        "rounded",
        "sharp",
        "variant",
        "alternate",
        "alternative",
        "alt",
        "linear",
        "stroke",
        "glyph",
        "icon",
        "icons",
        "logo",
        "flat",
        "colored",
        "coloured",
        "v1",
        "v2",
        "mini",
        "micro",
        "the",
        "a",
        "an",
        "of",
        "with",
        "and",
        "or",
        "for",
        "in",
        "on",
        "to",
        "from",
        "by",
    ]
)
"""Words that name a drawing style or only join others. `light`, `line`, `round`, `off` are not among them: they also name things."""

SPELLINGS = {
    "colour": "color",
    "grey": "gray",
    "centre": "center",
    "favourite": "favorite",
    "theatre": "theater",
    "jewellery": "jewelry",
    "tyre": "tire",
    "pyjamas": "pajamas",
    "moustache": "mustache",
    "checkmark": "check",
    "tick": "check",
    "trashcan": "trash",
    "dustbin": "trash",
    "cog": "gear",
    "cogwheel": "gear",
    "mic": "microphone",
    "mobilephone": "mobile",
    "smartphone": "mobile",
    "telephone": "phone",
    "aeroplane": "airplane",
    "plane": "airplane",
    "bike": "bicycle",
    "automobile": "car",
    "pic": "picture",
    "vid": "video",
    "doc": "document",
    "docs": "document",
    "config": "configuration",
    "calender": "calendar",
    "headphone": "headphones",
    "msg": "message",
    "img": "image",
    "cancelled": "canceled",
}
"""Spellings and synonyms so close that two sets differ only by habit."""

COMPOUNDS = {
    ("check", "mark"): "check",
    ("e", "mail"): "email",
    ("wi", "fi"): "wifi",
    ("t", "shirt"): "tshirt",
    ("tee", "shirt"): "tshirt",
    ("web", "cam"): "webcam",
    ("key", "board"): "keyboard",
    ("head", "phones"): "headphones",
    ("head", "phone"): "headphones",
    ("head", "set"): "headset",
    ("hand", "bag"): "handbag",
    ("back", "pack"): "backpack",
    ("book", "mark"): "bookmark",
    ("light", "bulb"): "lightbulb",
    ("note", "book"): "notebook",
    ("clip", "board"): "clipboard",
    ("credit", "card"): "creditcard",
    ("news", "paper"): "newspaper",
    ("smart", "phone"): "mobile",
    ("mobile", "phone"): "mobile",
    ("cell", "phone"): "mobile",
    ("stop", "watch"): "stopwatch",
    ("thumbs", "up"): "thumbup",
    ("thumb", "up"): "thumbup",
    ("thumbs", "down"): "thumbdown",
    ("thumb", "down"): "thumbdown",
    ("trash", "can"): "trash",
    ("trash", "bin"): "trash",
    ("play", "list"): "playlist",
    ("user", "name"): "username",
    ("pass", "word"): "password",
    ("finger", "print"): "fingerprint",
    ("heart", "beat"): "heartbeat",
    ("ice", "cream"): "icecream",
    ("rain", "drop"): "raindrop",
    ("snow", "flake"): "snowflake",
    ("snow", "man"): "snowman",
    ("sun", "glasses"): "sunglasses",
    ("sun", "flower"): "sunflower",
    ("motor", "bike"): "motorcycle",
    ("motor", "cycle"): "motorcycle",
    ("air", "plane"): "airplane",
    ("pie", "chart"): "chartpie",
    ("down", "load"): "download",
    ("up", "load"): "upload",
    ("side", "bar"): "sidebar",
    ("full", "screen"): "fullscreen",
    ("two", "tone"): "twotone",
    ("duo", "tone"): "duotone",
    ("skate", "board"): "skateboard",
    ("snow", "board"): "snowboard",
    ("basket", "ball"): "basketball",
    ("base", "ball"): "baseball",
    ("foot", "ball"): "football",
    ("tooth", "brush"): "toothbrush",
    ("paint", "brush"): "paintbrush",
    ("water", "melon"): "watermelon",
    ("pine", "apple"): "pineapple",
    ("straw", "berry"): "strawberry",
    ("butter", "fly"): "butterfly",
    ("lady", "bug"): "ladybug",
    ("sea", "shell"): "seashell",
    ("star", "fish"): "starfish",
}
"""Pairs of words that other sets write as one."""

_KEEP_S = frozenset(
    [
        "news",
        "lens",
        "gas",
        "bus",
        "canvas",
        "atlas",
        "chess",
        "glass",
        "glasses",
        "sunglasses",
        "series",
        "species",
        "always",
        "jeans",
        "christmas",
        "css",
        "ios",
        "aws",
        "dns",
        "gps",
        "sms",
        "vps",
        "kubernetes",
        "windows",
        "tennis",
        "virus",
        "cactus",
        "campus",
        "process",
        "access",
        "address",
        "business",
        "cross",
        "compass",
        "dress",
        "express",
        "grass",
        "mass",
        "mess",
        "pass",
        "press",
        "stress",
        "success",
        "wireless",
        "less",
        "boss",
        "loss",
        "moss",
        "class",
        "pants",
        "scissors",
        "headphones",
        "thermos",
        "chaos",
        "status",
        "bonus",
        "focus",
        "plus",
        "minus",
        "menus",
    ]
)
_TOKEN = re.compile(r"[^\W_]+", re.UNICODE)
_NUMBERED = re.compile(r"(?<=[a-z]{4})\d{1,2}$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def words(text: str) -> list[str]:
    """The words of a name or a title, in lower case: `batteryCharging-2` → `battery`, `charging`, `2`."""
    return _TOKEN.findall(_CAMEL.sub(" ", text).replace("'", "").replace("\u2019", "").lower())


def singular(word: str) -> str:
    """The singular of an English noun, well enough for equal names to meet; not a lemmatiser."""
    if len(word) < 4 or word in _KEEP_S or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes", "toes")):
        return word[:-2]
    return word[:-1]


def joined(tokens: Sequence[str]) -> list[str]:
    """`tokens` with the pairs of `COMPOUNDS` written as one word."""
    out: list[str] = []
    at = 0
    while at < len(tokens):
        pair = COMPOUNDS.get((tokens[at], tokens[at + 1])) if at + 1 < len(tokens) else None
        out.append(pair or tokens[at])
        at += 2 if pair else 1
    return out


def concept_of(title: str) -> str:
    """The concept of a title: its singular words without style, numbers and order.

    `Shopping cart (outline) 2` and `cart-shopping` are both `cart shopping`. A title that has nothing but numbers and style words keeps all of them.
    """
    tokens = joined([_NUMBERED.sub("", t) for t in words(title)])
    kept = [t for t in tokens if t not in STYLE_WORDS and not t.isdigit()] or tokens
    return " ".join(sorted({SPELLINGS.get(s, s) for s in (singular(t) for t in kept)}))


def split_of(concept: str) -> Split:
    """The side of the split on which a concept lies: 10 % test, 5 % val, the rest train, by its SHA-1."""
    bucket = int.from_bytes(hashlib.sha1(concept.encode(), usedforsecurity=False).digest()[:8], "big") % 1000
    return "test" if bucket < 100 else "val" if bucket < 150 else "train"
