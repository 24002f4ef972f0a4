from __future__ import annotations

from pathlib import Path

from clipseek.cli.warm import WarmModels, load_beside


def test_the_last_bundle_of_each_index_is_remembered(tmp_path: Path) -> None:
    models = WarmModels(tmp_path / "deep" / "models.json")
    assert models.bundle("http://a:9200", "icons") is None
    models.remember("https://me:secret@a:9200", "icons", "/bundles/one")
    models.remember("http://b:9200", "icons", "/bundles/two")
    assert models.bundle("https://me:secret@a:9200", "icons") == "/bundles/one"
    assert models.bundle("http://b:9200", "icons") == "/bundles/two"
    assert "secret" not in (tmp_path / "deep" / "models.json").read_text("utf-8")
    for at in range(60):
        models.remember("http://c:9200", f"i{at}", "/x")
    assert models.bundle("http://b:9200", "icons") is None  # the oldest are forgotten
    assert models.bundle("http://c:9200", "i59") == "/x"


def test_a_file_that_is_broken_or_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text("[1", "utf-8")
    models = WarmModels(path)
    assert models.bundle("http://a:9200", "icons") is None
    WarmModels(path / "below a file" / "models.json").remember("http://a:9200", "icons", "/x")


def test_no_bundle_is_no_encoder(tmp_path: Path) -> None:
    assert load_beside(str(tmp_path), "cpu") is None
