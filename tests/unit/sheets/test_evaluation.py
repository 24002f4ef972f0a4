"""The HTML report: everything inside it, nothing from outside, and nothing of the data taken for markup."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
from clipseek.evaluation import Judgments, compare, rank_pairs, report_of
from clipseek.evaluation.reports.examples import JudgedModel
from clipseek.sheets.curves import Curve, curves_svg, ranks_svg
from clipseek.sheets.evaluation import Shown, render_report
from numpy.typing import NDArray
from PIL import Image

N = 40
CAPTIONS = [f"<script>alert({i})</script> & caption {i}" for i in range(N)]
TRUTH = Judgments.of(CAPTIONS)


def judged(name: str, noise: float) -> JudgedModel:
    rng = np.random.default_rng(1)
    images = rng.normal(size=(N, 8))
    texts = images + noise * rng.normal(size=images.shape)
    texts, images = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (texts, images))
    return JudgedModel(name, texts, images, rank_pairs(texts, images, TRUTH, batch=8))


def pixels(picture: int) -> NDArray[np.uint8]:
    return np.full((16, 16, 3), 6 * picture, np.uint8)


class Page(HTMLParser):
    """Tags, text, and the pictures' numbers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def shade(source: str) -> int:
    """The number of the picture that a data URI shows."""
    data = base64.b64decode(source.removeprefix("data:image/webp;base64,"))
    return round(float(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).mean()) / 6)


def test_two_models() -> None:
    after, before = judged("<after>", 0.3), judged("before", 2.5)
    changes = compare(before.ranked, after.ranked)
    reports = [report_of(model.ranked) for model in (after, before)]
    text = render_report([after, before], TRUTH, Shown("pairs.tsv", CAPTIONS, pixels), reports, changes)
    page = Page(text)
    assert "script" not in page.tags
    assert "http" not in text
    assert "url(" not in text
    assert page.sources
    assert all(source.startswith("data:image/webp;base64,") for source in page.sources)
    assert page.tags.count("svg") == 5
    assert page.tags.count("table") == 3
    for words in ("<after>", "Greatest gains", "Greatest losses", "40 captions on 40 pictures"):
        assert words in page.text
    rose, fell = after.caption_ranks < before.caption_ranks, after.caption_ranks > before.caption_ranks
    assert f"{rose.sum()} captions find their picture earlier than before, {fell.sum()} later" in page.text
    assert f"{changes[-1].difference.mean:+.3f}" in page.text
    # A card: the caption's own picture, and five of each model; "after" finds the first gain at once.
    number = int(next(iter(re.findall(r"caption (\d+)", page.text))))
    assert [shade(source) for source in page.sources[:2]] == [number, number]


def test_one_model_has_best_and_worst_and_no_differences() -> None:
    only = judged("only", 1.0)
    page = Page(render_report([only], TRUTH, Shown("pairs.tsv", CAPTIONS, pixels), [report_of(only.ranked)]))
    assert page.tags.count("svg") == 4
    assert page.tags.count("table") == 1
    assert "Best queries" in page.text
    assert "Worst queries" in page.text
    assert "Difference" not in page.text


def test_curves_stay_inside_and_rise_upwards() -> None:
    figure = ET.fromstring(curves_svg("<a>", [Curve("x & y", [0.1, 0.55, 1.0], "after"), Curve("z", [0, 0, 0], "b")]))
    line, flat = (one.attrib["points"].split() for one in figure.iter("polyline"))
    heights = [float(point.split(",")[1]) for point in line]
    assert heights == sorted(heights, reverse=True)
    assert {point.split(",")[1] for point in flat} == {max(point.split(",")[1] for point in flat)}
    assert 0 < heights[-1] < heights[0] < 260
    assert [text.text for text in figure.iter("text")][:6] == ["0.00", "0.20", "0.40", "0.60", "0.80", "1.00"]


def test_equal_ranks_lie_on_the_line() -> None:
    ranks = np.array([1, 10, 100, 100])
    figure = ET.fromstring(ranks_svg("ranks", ranks, ranks, 100))
    path = next(figure.iter("path")).attrib["d"]
    points = [tuple(map(float, point)) for point in re.findall(r"M([\d.]+) ([\d.]+)h0", path)]
    assert len(points) == 3
    even = next(line for line in figure.iter("line") if line.attrib["class"] == "even").attrib
    x1, y1, x2, y2 = (float(even[name]) for name in ("x1", "y1", "x2", "y2"))
    for x, y in points:
        assert abs((y - y1) - (x - x1) * (y2 - y1) / (x2 - x1)) < 0.2
