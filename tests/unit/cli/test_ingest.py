from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import clipseek.cli.ingest as command
import pytest
from click.testing import CliRunner, Result
from clipseek.cli.options.ingest.new_index import refuse_other_options
from clipseek.cli.terminal.ingest_listener import as_skip
from clipseek.cli.terminal.skips import LISTED
from clipseek.opensearch.errors import InvalidOption, ModelMismatch
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.index.words.synonyms import digest
from clipseek.sources import MissingColumn, Skipped
from clipseek.testing.encoder import ColourEncoder
from clipseek.testing.server import FakeServer, fake_server
from PIL import Image


class Bundled(ColourEncoder):
    """The colour encoder with a bundle, as the command records its place."""

    class bundle:
        path = Path("models/../models/colour")

    def decode_in_processes(self) -> None:
        """It decodes nothing that needs one."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    for name in ("CLIPSEEK_URL", "CLIPSEEK_MODEL", "CLIPSEEK_INDEX", "CLIPSEEK_USERNAME", "CLIPSEEK_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "encoder_of_index", lambda *given, **limits: Bundled())
    with fake_server() as fake:
        yield fake


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(5):
        Image.new("RGB", (4, 4), (number * 40, 0, 0)).save(folder / f"{number}.png")
    return folder


def clipseek_ingest(server: FakeServer, *arguments: object) -> Result:
    return CliRunner().invoke(command.ingest, [*map(str, arguments), "--url", server.url])


def done(result: Result) -> Result:
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def test_the_summary_for_people(server: FakeServer, pictures: Path) -> None:
    (pictures / "notes.md").write_text("x")
    (pictures / "broken.png").write_text("x")
    result = done(clipseek_ingest(server, pictures))
    (version,) = server.indexes
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"index clipseek ({version}, new), ")
    assert lines[1].startswith("        5 indexed ")
    assert lines[1].endswith(" pictures/s")
    assert lines[2:] == [
        "        2 skipped   1 unreadable, 1 not an image (1 .md)",
        f"          {pictures}/broken.png: not a picture: UnidentifiedImageError",
        f"          {pictures}/notes.md",
        "left out: 1 of 7 entries (--strict makes that an error)",
    ]
    assert result.stderr == f"server: {server.url}\n"
    again = done(clipseek_ingest(server, pictures)).stdout.splitlines()
    assert again[1:3] == ["        0 indexed", "        5 unchanged not encoded again"]


def test_the_summary_for_machines(server: FakeServer, pictures: Path) -> None:
    (pictures / "notes.md").write_text("x")
    result = done(clipseek_ingest(server, pictures, "--json", "--index", "mine"))
    facts = json.loads(result.stdout)
    assert (facts["alias"], facts["indexed"], facts["created"], facts["rejected"]) == ("mine", 5, True, 0)
    assert facts["skipped"] == {"not an image": 1}
    assert facts["skips"] == [{"file": f"{pictures}/notes.md", "kind": "not an image", "reason": "not an image"}]
    assert facts["pictures_per_second"] > 0
    assert server.indexes[facts["index"]]["mappings"]["_meta"]["bundle"] == str(Path.cwd() / "models/colour")


def test_only_so_many_are_listed_and_the_report_has_all(server: FakeServer, pictures: Path, tmp_path: Path) -> None:
    (pictures / "z-broken.png").write_text("x")
    for number in range(30):
        (pictures / f"note{number:02}.md").write_text("x")
    Path(os.fsdecode(os.fsencode(pictures) + b"/caf\xe9.md")).write_text("x")
    report = tmp_path / "skipped.jsonl"
    lines = done(clipseek_ingest(server, pictures, "--report", report)).stdout.splitlines()
    assert lines[2] == "       32 skipped   1 unreadable, 31 not an image (31 .md)"
    assert lines[3] == f"          {pictures}/z-broken.png: not a picture: UnidentifiedImageError"
    assert lines[3 + LISTED :] == [
        "          and 12 more; --report FILE lists them all",
        "left out: 1 of 37 entries (--strict makes that an error)",
    ]
    written = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert Counter(line["outcome"] for line in written) == {"indexed": 5, "skipped": 32}
    assert all(len(line["id"]) == 64 for line in written if line["outcome"] == "indexed")
    assert next(line for line in written if "caf" in line["file"])["file"] == f"{pictures}/caf\\xe9.md"


def test_a_refused_document_is_kept_and_sent_again(server: FakeServer, pictures: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.tsv"
    manifest.write_text("id\timage\na\tpictures/0.png\nb\tpictures/1.png\n")
    server.item_errors = {"a": [(400, "mapper_parsing_exception", "failed to parse")]}
    kept = tmp_path / "kept.jsonl"
    result = done(clipseek_ingest(server, manifest, "--rejected", kept))
    assert "        1 indexed" in result.stdout
    assert "        1 rejected  refused by the server" in result.stdout
    assert f"{pictures}/0.png: {server.url} answered 400: failed to parse" in result.stdout
    assert result.stdout.splitlines()[-1] == "left out: 1 of 2 entries (--strict makes that an error)"
    assert f"clipseek ingest --retry {kept}" in result.stderr
    assert list(server.documents) == ["b"]
    server.item_errors = {"a": [(400, "mapper_parsing_exception", "still so")]}
    again = clipseek_ingest(server, "--retry", kept)
    assert (again.exit_code, "still so" in again.stdout) == (1, True)
    assert json.loads(kept.read_text())["reason"].endswith("still so")
    assert done(clipseek_ingest(server, "--retry", kept)).stdout == f"1 document of {kept} indexed\n"
    assert sorted(server.documents) == ["a", "b"]
    assert not kept.exists()
    assert done(clipseek_ingest(server, manifest)).stdout.splitlines()[2].split()[:2] == ["2", "unchanged"]


def test_strict_is_exit_code_1_where_an_entry_is_left_out(server: FakeServer, pictures: Path) -> None:
    assert clipseek_ingest(server, pictures, "--strict").exit_code == 0
    (pictures / "broken.png").write_text("x")
    result = clipseek_ingest(server, pictures, "--strict")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "left out: 1 of 6 entries (exit code 1, by --strict)"
    # What the user leaves out is not left out by accident.
    assert clipseek_ingest(server, pictures, "--strict", "--exclude", "broken*").exit_code == 0


def test_a_report_that_is_the_source_is_refused(server: FakeServer, pictures: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.tsv"
    manifest.write_text("id\timage\na\tpictures/0.png\n")
    for option in ("--report", "--rejected"):
        result = clipseek_ingest(server, manifest, option, manifest)
        assert (result.exit_code, "is SOURCE itself" in result.stderr) == (2, True)
    assert manifest.read_text().startswith("id")


def test_no_source_and_nothing_to_send_again(server: FakeServer) -> None:
    result = clipseek_ingest(server)
    assert (result.exit_code, "missing SOURCE" in result.stderr) == (2, True)


def test_every_split_is_taken_and_said_unless_some_are_named(
    server: FakeServer, pictures: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "pairs.tsv"
    rows = [f"pictures/{number}.png\t{'test' if number == 4 else 'train'}" for number in range(5)]
    manifest.write_text("\n".join(["image\tsplit", *rows]))
    missing = clipseek_ingest(server, manifest, "--split", "tset")
    assert missing.exit_code == 1
    assert "has no split 'tset'; its splits are train, test" in str(missing.exception)
    assert not server.indexes  # nothing was made for a split that is not there
    part = done(clipseek_ingest(server, manifest, "--split", "train", "--json"))
    assert json.loads(part.stdout)["indexed"] == 4
    assert part.stderr.splitlines()[-1] == f"{manifest}: split train, 4 records; left out: 1 of test"
    whole = done(clipseek_ingest(server, manifest, "--json"))
    assert json.loads(whole.stdout)["indexed"] == 1
    assert whole.stderr.splitlines()[-1] == f"{manifest}: every split (4 of train, 1 of test); --split chooses"


def test_columns(server: FakeServer, pictures: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("file,text,year,set\npictures/0.png,red,1999,a\npictures/1.png,blue,old,b\n")
    columns = ["--image-column", "file", "--caption-column", "text"]
    result = done(clipseek_ingest(server, manifest, *columns, "--number", "year"))
    assert result.stderr.splitlines() == [
        f"server: {server.url}",
        "1 value of year kept and shown, but not found by a filter: no number, like 'old'",
        "kept, but not to filter by: set; declare columns with --keyword, --number or --date NAME",
    ]
    found = sorted((document["caption"], document["metadata"]) for document in server.documents.values())
    # Not where the server would index it: it reads some texts as numbers that are none for us.
    assert found == [("blue", {"year (as written)": "old", "set": "b"}), ("red", {"year": 1999, "set": "a"})]
    missing = clipseek_ingest(server, manifest)
    assert isinstance(missing.exception, MissingColumn)
    assert "--image-column" in str(missing.exception)


def test_values_that_no_filter_finds_are_named_listed_and_in_the_report(
    server: FakeServer, pictures: Path, tmp_path: Path
) -> None:
    manifest, report = tmp_path / "m.csv", tmp_path / "report.jsonl"
    days = ["31.05.2024", "20240531", "05.2024", "30.02.2024", "\x1b[2J"]
    rows = "".join(f"pictures/{number}.png,{day},{'x' * 9000}\n" for number, day in enumerate(days))
    manifest.write_text(f"image,day,set\n{rows}")
    declared = ("--date", "day", "--keyword", "set", "--report", report)
    hint, *lines = done(clipseek_ingest(server, manifest, *declared)).stderr.splitlines()
    assert hint.endswith(
        "none of the first pictures has a caption; where 'day' or 'set' holds them: --caption-column NAME"
    )
    assert lines == [
        f"server: {server.url}",
        "2 values of day kept and shown, but not found by a filter: a date with the day or the month first (--date-format says "
        "which), like '31.05.2024'",
        f"5 values of set kept and shown, but not found by a filter: longer than 8,191 characters, like '{'x' * 37}...'",
        "2 values of day kept and shown, but not found by a filter: no date, like '05.2024'",
    ]
    written = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    written = [line for line in written if "outcome" not in line]
    assert len(written) == 9
    reason = "a date with the day or the month first (--date-format says which)"
    file = f"{pictures}/0.png"
    assert written[0] == {"file": file, "kind": "value", "reason": reason, "column": "day", "value": "31.05.2024"}
    formats = ("--date-format", "day-first", "--date-format", "%m.%Y", "--json")
    summary = json.loads(done(clipseek_ingest(server, manifest, *formats)).stdout)
    assert (summary["updated"], summary["malformed"]) == (2, {"set": 5, "day": 2})
    assert [(one["column"], one["reason"], one["values"]) for one in summary["unfound"]] == [
        ("set", "longer than 8,191 characters", 5),
        ("day", "no such day or time", 1),
        ("day", "no date", 1),
    ]
    assert isinstance(clipseek_ingest(server, manifest, "--date-format", "dmy").exception, InvalidOption)
    assert isinstance(clipseek_ingest(server, manifest, "--time-zone", "Nowhere").exception, InvalidOption)


def test_an_empty_source(server: FakeServer, tmp_path: Path) -> None:
    result = done(clipseek_ingest(server, tmp_path))
    assert (result.stdout, result.stderr) == (
        "",
        f"server: {server.url}\n{tmp_path} holds no picture; nothing was written\n",
    )
    assert server.indexes == {}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--engine", "faiss"], "made with engine lucene, and keeps it; leave --engine out"),
        (["--analyzer", "german"], "made with analyzer english"),
        (["--no-folding"], "made with folding, and keeps it so; leave --no-folding out"),
        (["--preset", "talk"], "made with preset default"),
    ],
)
def test_an_option_of_a_new_index_is_not_ignored_for_an_old_one(
    server: FakeServer, pictures: Path, option: list[str], said: str
) -> None:
    done(clipseek_ingest(server, pictures))
    result = clipseek_ingest(server, pictures, *option)
    assert result.exit_code == 2
    assert said in result.stderr
    done(clipseek_ingest(server, pictures, "--engine", "lucene", "--analyzer", "english", "--folding"))


def test_the_talks_preset(server: FakeServer, pictures: Path) -> None:
    done(clipseek_ingest(server, pictures, "--preset", "talk", "--analyzer", "german"))
    (made,) = server.indexes.values()
    properties = made["mappings"]["properties"]
    assert properties["image_vector"]["method"]["parameters"] == {"m": 32, "ef_construction": 500}
    assert made["mappings"]["_meta"]["analyzer"] == "german"


def test_another_model_is_refused(server: FakeServer, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done(clipseek_ingest(server, pictures))
    other = Bundled("other")
    monkeypatch.setattr(command, "encoder_of_index", lambda *given, **limits: other)
    result = clipseek_ingest(server, pictures)
    assert isinstance(result.exception, ModelMismatch)
    assert "\n" not in str(result.exception)


def test_a_column_of_two_types(server: FakeServer, pictures: Path) -> None:
    result = clipseek_ingest(server, pictures, "--keyword", "a", "--date", "a")
    assert result.exit_code == 2
    assert "column 'a' is declared as keyword and as date" in result.stderr


def test_a_report_that_cannot_be_written(server: FakeServer, pictures: Path, tmp_path: Path) -> None:
    result = clipseek_ingest(server, pictures, "--report", tmp_path / "none" / "x.jsonl")
    assert result.exit_code == 1
    assert "x.jsonl" in result.stderr
    assert server.indexes == {}


def test_an_index_name_that_cannot_be(server: FakeServer, pictures: Path) -> None:
    assert isinstance(clipseek_ingest(server, pictures, "--index", "My Index").exception, InvalidOption)


def test_a_skip_as_a_line_of_the_report() -> None:
    skip = Skipped(Path(os.fsdecode(b"caf\xe9")), "kind", "why")
    assert as_skip(skip) == {"file": "caf\\xe9", "kind": "kind", "reason": "why"}


def test_a_cut_caption_is_named(server: FakeServer, pictures: Path, tmp_path: Path) -> None:
    next(pictures.glob("*.png")).with_suffix(".txt").write_text("a " * 20_000)
    result = clipseek_ingest(server, pictures, "--report", tmp_path / "report.jsonl")
    done(result)
    assert "        1 shortened 1 caption cut\n" in result.stdout
    assert "its caption has 39,999 bytes; the first 32,765 are kept" in result.stdout
    (line,) = [json.loads(one) for one in (tmp_path / "report.jsonl").read_text().splitlines() if "caption cut" in one]
    (again,) = json.loads(clipseek_ingest(server, pictures, "--json").stdout)["shortened_files"]
    assert line == again


def test_captions_without_blanks_get_advice_before_the_index_is_made(server: FakeServer, pictures: Path) -> None:
    for picture in pictures.glob("*.png"):
        picture.with_suffix(".txt").write_text("京都の東", "utf-8")
    said = "5 of the first 5 captions are in Chinese, Japanese or Korean"
    assert said not in clipseek_ingest(server, pictures, "--analyzer", "cjk", "--index", "right").stderr
    result = clipseek_ingest(server, pictures, "--index", "wrong")
    assert result.stderr.count(said) == 1
    assert result.stderr.count("use --analyzer cjk") == 1
    assert (
        said not in clipseek_ingest(server, pictures, "--index", "wrong").stderr
    )  # it is made, and keeps its analyzer


def test_other_synonyms_than_the_indexs_are_refused() -> None:
    rules = ("car, automobile",)
    made = Version("i-1", "i", "ab", 2, 1, synonyms=digest(rules))
    refuse_other_options(made, IndexOptions())
    refuse_other_options(made, IndexOptions(synonyms=rules))
    with pytest.raises(click.UsageError, match="index i was made with other synonyms, and keeps them"):
        refuse_other_options(made, IndexOptions(synonyms=("car, auto",)))
    with pytest.raises(click.UsageError, match="index i was made with no synonyms"):
        refuse_other_options(replace(made, synonyms=""), IndexOptions(synonyms=rules))
