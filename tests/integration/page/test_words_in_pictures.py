"""From the command to the page: a folder ingested with --ocr, and a search by words that stand in a picture alone."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from clipseek.opensearch import connect
from clipseek.opensearch.index.inventory import delete_index
from playwright.sync_api import Browser, expect

from tests.command import run_command
from tests.served import serving
from tests.shipped import TUNED
from tests.signs import sign

pytestmark = pytest.mark.integration


def test_words_in_a_picture_are_found_by_the_command_and_shown_by_the_page(
    browser: Browser, opensearch_url: str, tmp_path: Path
) -> None:
    pictures, alias = tmp_path / "pictures", f"test-words-{uuid.uuid4().hex[:8]}"
    pictures.mkdir()
    for name, words in (("harbour", "Ferry 4711"), ("platform", "Platform closed")):
        (pictures / f"{name}.png").write_bytes(sign([words]))
        (pictures / f"{name}.txt").write_text("a sign")
    where = {"CLIPSEEK_URL": opensearch_url, "CLIPSEEK_INDEX": alias}
    try:
        done = run_command("ingest", str(pictures), "--model", str(TUNED), "--ocr", environment=where)
        assert (done.returncode, "read by OCR, words found in 2" in done.stdout) == (0, True), done.stderr
        assert "RapidOCR" not in done.stderr
        found = run_command("search", "platform", "--caption", environment=where)
        assert found.stdout.rstrip("\n").split("\t")[3:] == ["a sign", "only in the picture: Platform closed"]
        assert "1 of 1 hits match by words in the picture alone" in found.stderr
        (hit,) = json.loads(run_command("search", "platform", "--caption", "--json", environment=where).stdout)["hits"]
        assert (hit["text"], hit["text_marks"], hit["text_only"]) == ("Platform closed", [[0, 8]], True)
        explained = run_command("search", "platform", "--explain", environment=where).stdout
        assert "only in the picture: Platform (bm25 " in explained
        with serving(opensearch_url, tmp_path, "--index", alias, "--pictures", pictures) as served:
            page = browser.new_page()
            page.goto(served.entrance)
            expect(page.locator("#results .hit")).to_have_count(2)
            page.goto(f"{page.url.partition('?')[0]}?q=platform")
            shown = page.locator(".caption", has_text="only in the picture: Platform closed").first
            expect(shown.locator("mark")).to_have_text(["Platform"])
            page.close()
    finally:
        delete_index(connect(opensearch_url), alias)
