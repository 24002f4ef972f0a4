"""The heat map over a picture, by a model that was exported with its patches."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.ingest.run import ingest
from clipseek.web.settings import Settings
from playwright.sync_api import BrowserContext, expect

from tests.integration.page.acts import HIT
from tests.integration.page.conftest import Serving, watched
from tests.integration.page.gallery import records
from tests.models import make_tiny_clip, quiet

pytestmark = [pytest.mark.integration, pytest.mark.train]


@pytest.fixture
def tells(client: opensearchpy.OpenSearch, opensearch_url: str, tmp_path: Path) -> Iterator[Serving]:
    with quiet():
        from clipseek.encoder import ClipEncoder
        from clipseek.export.checkpoint import export_bundle

        bundle = export_bundle(str(make_tiny_clip(tmp_path / "checkpoint")), tmp_path / "bundle", explain=True)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    alias = f"test-page-{uuid.uuid4().hex[:8]}"
    ingest(client, alias, ClipEncoder(bundle), records(pictures, 4), bundle=str(bundle.path))
    serving = Serving(Settings(opensearch_url, (alias,), model=bundle.path, roots=(pictures,)), own_encoder=True)
    serving.start()
    yield serving
    serving.stop()
    client.indices.delete(index=versions.current(client, alias).index)


def test_where_the_words_are(tells: Serving, context: BrowserContext, faults: list[str]) -> None:
    page = watched(context.new_page(), faults)
    page.goto(f"{tells.address}?q=red&picture=p0")
    page.wait_for_selector(HIT)
    page.get_by_role("button", name="Show where the words are").click()
    layer = page.locator("#detail .heat-map")
    expect(layer).to_have_js_property("naturalWidth", 384)
    frame, shown = page.locator("#detail .frame").bounding_box(), layer.bounding_box()
    assert frame is not None
    assert shown is not None
    # A picture of 96 x 72: the map lies over the square in its middle.
    assert shown["width"] == pytest.approx(shown["height"], abs=1)
    assert shown["height"] == pytest.approx(frame["height"], abs=1)
    assert shown["x"] - frame["x"] == pytest.approx((frame["width"] - shown["width"]) / 2, abs=1)
    page.get_by_label("heat map").fill("0")
    expect(layer).to_have_css("opacity", "0")
    assert faults == []
