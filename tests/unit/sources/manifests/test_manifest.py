from __future__ import annotations

import json
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest
from clipseek.sources import (
    MalformedSource,
    MissingColumn,
    Record,
    Skipped,
    Source,
    SourceNotFound,
    read_records,
    read_source,
)

Form = Literal["NFC", "NFD"]


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_tsv_with_header_keeps_further_columns_as_metadata(tmp_path: Path) -> None:
    manifest = write(
        tmp_path,
        "a.tsv",
        "id\timage\tcaption\tgroup\tset\tempty\n7\tsub/a.png\ta red house\tg1\ticons\t\n\t/abs/b.png\t\t\t\tx\n",
    )
    assert list(read_records(manifest)) == [
        Record("7", tmp_path / "sub/a.png", ("a red house",), "g1", {"set": "icons"}),
        Record(None, Path("/abs/b.png"), (), None, {"empty": "x"}),
    ]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("name", "separator"), [("a.tsv", "\t"), ("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t")])
def test_byte_order_mark_line_ends_and_separators(
    tmp_path: Path, start: str, end: str, name: str, separator: str
) -> None:
    rows = (("caption", "image"), ("ein Häuschen", "a.png"), ("", ""), ("zwei", "b.png"))
    manifest = write(tmp_path, name, start + "".join(separator.join(row) + end for row in rows if any(row)) + end)
    assert [(record.image.name, record.captions) for record in read_records(manifest)] == [
        ("a.png", ("ein Häuschen",)),
        ("b.png", ("zwei",)),
    ]


def test_tsv_quotes_are_characters_unless_they_enclose_a_cell(tmp_path: Path) -> None:
    manifest = write(
        tmp_path, "a.tsv", 'image\tcaption\na.png\ta 5" nail\nb.png\t"a ""big"" nail"\nc.png\t"Hey" he said\n'
    )
    assert [record.caption for record in read_records(manifest)] == ['a 5" nail', 'a "big" nail', '"Hey" he said']


def test_csv_quotes_hold_separators_and_line_breaks_and_lines_are_still_counted(tmp_path: Path) -> None:
    manifest = write(tmp_path, "a.csv", 'image,caption\na.png,"one, two\nand ""three"""\nb.png\n')
    records = read_records(manifest)
    assert next(records).caption == 'one, two\nand "three"'
    with pytest.raises(MalformedSource, match=r"line 4: 1 cells where the header has 2"):
        next(records)


def test_two_column_tsv_needs_no_header(tmp_path: Path) -> None:
    write(tmp_path, "noext", "x")
    named = write(tmp_path, "a.tsv", "x/1.JPG\tone\n2.png\ttwo\n")
    there = write(tmp_path, "b.tsv", "noext\tone\n")
    found = [(record.image.name, record.caption) for record in read_records(named)]
    assert found == [("1.JPG", "one"), ("2.png", "two")]
    assert [record.image for record in read_records(there)] == [tmp_path / "noext"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.tsv",
            "file\ttext\na.png\tx\n",
            r"line 1: no column 'image'; the columns are 'file', 'text'.*--image-column",
        ),
        ("a.csv", "path,caption,id\na.png,x,1\n", r"no column 'image'; the columns are 'path', 'caption', 'id'"),
        ("a.jsonl", '{"file": "a.png"}\n', r"line 1: no column 'image'; the columns are 'file'"),
        ("a.tsv", "image\t\nx\ty\n", "column 2 has no name"),
    ],
)
def test_missing_column_names_the_columns_found(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(MissingColumn, match=said):
        list(read_records(write(tmp_path, name, text)))


def test_a_column_asked_for_by_name_must_be_there(tmp_path: Path) -> None:
    manifest = write(tmp_path, "a.csv", "file,text\na.png,words\n")
    records = list(read_records(manifest, image_column="file", caption_column="text"))
    assert records == [Record(None, tmp_path / "a.png", ("words",))]
    with pytest.raises(MissingColumn, match=r"no column 'title'.*--caption-column"):
        list(read_records(manifest, image_column="file", caption_column="title"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.tsv", "image\tcaption\na.png\n", r"a\.tsv line 2: 1 cells where the header has 2 \(image, caption\)"),
        ("a.tsv", "image\tcaption\n\n\na.png\tx\ty\n", "line 4: 3 cells"),
        ("a.tsv", "image\tcaption\n \tx\n", "line 2: 'image' is empty"),
        ("a.tsv", "image\timage\nx\ty\n", "two columns are named 'image'"),
        ("a.tsv", "image\tcaption\na.png\té\n".encode() + b"b.png\tcaf\xe9\n", "line 3: not UTF-8 .byte 0xe9"),
        (
            "a.tsv",
            "image\tcaption\na.png\tкрасная машина\n".encode("cp1251"),
            "line 2: .*several are likely; .*--encoding",
        ),
        ("a.tsv", "image\tcaption\na.png\t赤い車\n".encode("shift_jis"), "line 2: .*several are likely; .*--encoding"),
        ("a.tsv", "image\tcaption\na.png\t红色的车\n".encode("gbk"), "line 2: .*several are likely; .*--encoding"),
        (
            "a.tsv",
            "image\tcaption\na.png\tczerwony samochód książki\n".encode("cp1250"),
            "line 2: .*several are likely",
        ),
        ("a.csv", "image,a;b;image;c,d\n", "may be apart by ',' or by ';'; say which with --separator"),
        (
            "a.jsonl",
            '{"image": "a", "id": 1.2345678901234568e+18}\n',
            "line 1: 'id' is 1.2345678901234568e.18, a float that",
        ),
        ("a.tsv", "image\tcaption\n".encode("utf-16") + b"\x00", "line 2: not UTF-16, though the file begins like it"),
        ("a.tsv", "image\tca\0\0tion\n", "line 1 holds zero bytes"),
        ("a.tsv", "image\tcaption\n".encode("utf-32"), "is UTF-32; save it as UTF-8"),
        ("a.csv", 'image,caption\na.png,ok\nb.png,"open\nc.png,x\n', "line 3: a quote is opened there and not closed"),
        ("a.csv", 'image,caption\na.png,"x"y\n', r"line 2: .*write a quote inside a cell twice"),
        ("a.jsonl", '{"image": "a.png"}\n{"image": \n', "line 2: not JSON"),
        ("a.jsonl", "[1]\n", "line 1: a list where a JSON object"),
        ("a.jsonl", '{"image": 3}\n', "line 1: 'image' must be a text"),
        ("a.jsonl", '{"image": "a", "caption": 3}\n', "'caption' must be a text or a list of texts"),
        ("a.jsonl", '{"image": "a", "id": [1]}\n', "'id' must be a text or a whole number"),
        ("a.jsonl", '{"image": "a", "x": ' + "[" * 100_000 + "\n", "line 1: "),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    with pytest.raises(MalformedSource, match=said) as caught:
        list(read_records(write(tmp_path, name, text)))
    assert "\n" not in str(caught.value)


def test_jsonl_values(tmp_path: Path) -> None:
    manifest = write(
        tmp_path,
        "a.jsonl",
        '{"image": "a.png", "captions": ["one", " two ", ""], "id": 12, "year": 1999, "ok": true, "none": null,'
        ' "tags": ["x", "y"], "nested": {"a": 1}}\n\n{"image": "b.png", "caption": "words"}\n',
    )
    first, second = read_records(manifest)
    assert (first.id, first.captions) == ("12", ("one", "two"))
    assert first.metadata == {"year": 1999, "ok": True, "tags": ("x", "y"), "nested": '{"a": 1}'}
    assert second == Record(None, tmp_path / "b.png", ("words",))


def test_rows_of_one_picture_that_follow_each_other_are_one_record(tmp_path: Path) -> None:
    manifest = write(
        tmp_path, "a.tsv", "image\tcaption\na.png\tone\na.png\ttwo\na.png\tone\nb.png\tthree\na.png\tfour\n"
    )
    assert [(record.image.name, record.captions) for record in read_records(manifest)] == [
        ("a.png", ("one", "two")),
        ("b.png", ("three",)),
        ("a.png", ("four",)),
    ]


def test_rows_with_ids_of_their_own_stay_apart(tmp_path: Path) -> None:
    manifest = write(tmp_path, "a.tsv", "id\timage\n1\ta.png\n2\ta.png\n")
    assert [record.id for record in read_records(manifest)] == ["1", "2"]


def test_what_stands_before_a_broken_line_is_yielded(tmp_path: Path) -> None:
    manifest = write(tmp_path, "a.tsv", "image\tcaption\na.png\tx\nb.png\tx\nbroken\nc.png\tx\n")
    records = read_records(manifest)
    assert [next(records).image.name, next(records).image.name] == ["a.png", "b.png"]
    with pytest.raises(MalformedSource, match="line 4"):
        next(records)


def test_an_empty_manifest_has_no_records(tmp_path: Path) -> None:
    assert [list(read_records(write(tmp_path, name, ""))) for name in ("a.tsv", "a.csv", "a.jsonl")] == [[], [], []]


def test_a_manifest_that_cannot_be_opened(tmp_path: Path) -> None:
    manifest = tmp_path / "a.tsv"
    manifest.symlink_to(manifest)
    with pytest.raises(SourceNotFound):
        list(read_records(manifest))


@pytest.mark.parametrize("there", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("suffix", ["tsv", "jsonl"])
def test_a_file_is_found_however_its_name_is_composed(tmp_path: Path, there: Form, written: Form, suffix: str) -> None:
    picture = tmp_path / f"{normalize(there, 'größe 테스트')}.png"
    picture.touch()
    name, caption, group = (
        f"{normalize(written, 'größe 테스트')}.png",
        normalize(written, "café"),
        normalize(written, "Zürich"),
    )
    row = json.dumps({"image": name, "caption": caption, "group": group}, ensure_ascii=False)
    table = f"image\tcaption\tgroup\n{name}\t{caption}\t{group}\n"
    (record,) = read_records(write(tmp_path, f"a.{suffix}", f"{row}\n" if suffix == "jsonl" else table))
    assert (record.image, record.captions, record.group) == (picture, ("café",), "Zürich")


def test_of_two_files_the_one_that_is_written_is_taken(tmp_path: Path) -> None:
    names = [normalize("NFC", "größe.png"), normalize("NFD", "größe.png")]
    for name in names:
        (tmp_path / name).touch()
    manifest = write(
        tmp_path, "a.tsv", "image\tcaption\n" + "".join(f"{name}\tx\n" for name in [*names, "fehlt ä.png"])
    )
    assert [record.image.name for record in read_records(manifest)] == [*names, "fehlt ä.png"]


def test_captions_that_are_the_same_composed_are_one() -> None:
    assert Record("1", Path("a"), ("cafe\u0301", "café", "tea")).captions == ("café", "tea")
    assert Record("e\u0301", Path("a")).id == "e\u0301"  # an id is what it is


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_utf_16_with_its_mark_is_read(tmp_path: Path, encoding: str, end: str) -> None:
    # U+0A0D and U+0D0A hold the bytes of line ends.
    text = end.join(["\ufeffimage\tcaption", "a.png\tGrüße \u0a0d \u0d0a 🎈", "b.png\tx\u2028y"])
    (tmp_path / "a.tsv").write_bytes(text.encode(encoding))
    found = [(record.image.name, record.captions) for record in read_records(tmp_path / "a.tsv")]
    assert found == [("a.png", ("Grüße \u0a0d \u0d0a 🎈",)), ("b.png", ("x\u2028y",))]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.csv", "Image,Caption"),
        ("a.tsv", "IMAGE\tCAPTION"),
        ("a.csv", "file_name;text"),
        ("a.csv", "filepath\ttitle"),  # as open_clip writes it
        ("a.txt", '"image_path"|"captions"'),
    ],
)
def test_columns_that_other_programs_name_are_found(tmp_path: Path, name: str, header: str) -> None:
    sign = next(sign for sign in "\t,;|" if sign in header)
    (tmp_path / name).write_text(f"{header}\na.png{sign}a red car\n")
    source = Source(tmp_path / name)
    (record,) = source.records()
    assert (record.image, record.captions, record.metadata) == (tmp_path / "a.png", ("a red car",), {})
    image, caption = header.replace('"', "").split(sign)
    assert f"pictures in {image!r}, captions in {caption!r}" in source.described()


def test_a_column_is_taken_for_captions_only_where_one_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,Text,text\na.png,x,y\n")
    (record,) = Source(tmp_path / "a.csv").records()
    assert record.captions == ()
    (line,) = [line for line in Source(tmp_path / "a.csv").doubts() if "--caption-column" in line]
    assert "'Text' or 'text'" in line
    (tmp_path / "b.csv").write_text("file_name,filename,caption\na.png,x,y\n")
    with pytest.raises(MissingColumn, match="--image-column"):
        list(read_records(tmp_path / "b.csv"))
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "prompt": "a red car"}')
    assert "'prompt'" in Source(tmp_path).doubts()[0]
    (tmp_path / "c.csv").write_text("filepath,title,caption\na.png,x,y\n")
    (record,) = Source(tmp_path / "c.csv").records()
    assert (record.captions, record.metadata) == (("y",), {"title": "x"})


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_line_ends_of_old_macs_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"image,caption\ra.png,a car\r".replace(b",", b"\t" if name == "a.tsv" else b","))
    with pytest.raises(MalformedSource, match="carriage returns alone, as old Macs wrote them"):
        list(read_records(tmp_path / name))


@pytest.mark.parametrize(("name", "sign"), [("a.csv", ","), ("a.tsv", "\t")])
def test_the_rows_numbers_that_pandas_writes_unasked_are_left_out(tmp_path: Path, name: str, sign: str) -> None:
    rows = [("", "image", "caption"), ("0", "a.png", "a car"), ("1", "b.png", "a boat")]
    (tmp_path / name).write_text("\n".join(map(sign.join, rows)))
    found = list(read_records(tmp_path / name))
    assert [(record.captions, record.metadata) for record in found] == [(("a car",), {}), (("a boat",), {})]


def test_a_json_list_of_objects_is_a_manifest(tmp_path: Path) -> None:
    rows = [{"image": "a.png", "caption": ["one", "two"], "year": 2001}, {"image": "b.png"}, 7]
    (tmp_path / "train.json").write_text(json.dumps(rows))
    first, second, *broken = read_source(tmp_path / "train.json")
    assert isinstance(first, Record)
    assert (first.image, first.captions, first.metadata) == (tmp_path / "a.png", ("one", "two"), {"year": 2001})
    assert isinstance(second, Record)
    assert [isinstance(entry, Skipped) and entry.kind for entry in broken] == ["malformed row"]


@pytest.mark.parametrize("rows", ["a.jpg\ta car", "a car\ta.jpg", "a car\thttps://host/x/a.jpg?w=640"])
def test_a_table_without_a_header_in_either_order(tmp_path: Path, rows: str) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "m.tsv").write_text(rows)
    assert list(read_records(tmp_path / "m.tsv")) == [Record(None, tmp_path / "a.jpg", ("a car",))]


@pytest.mark.parametrize("column", ["url", "URL"])
def test_addresses_lead_to_the_files_that_are_here(tmp_path: Path, column: str) -> None:
    (tmp_path / "my pics").mkdir()
    (tmp_path / "my pics" / "a.jpg").touch()
    (tmp_path / "m.csv").write_text(f"{column},caption\nhttps://host/files/a.jpg,a car\n")
    (record,) = read_records(tmp_path / "m.csv", images=tmp_path / "my pics")
    assert record.image == tmp_path / "my pics" / "a.jpg"


def test_quotes_with_a_backslash_before_them(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text('image,caption\na.jpg,"she said \\"hi\\", and left"\nb.jpg,"two\nlines"\n')
    assert [record.captions for record in read_records(tmp_path / "m.csv")] == [
        ('she said "hi", and left',),
        ("two\nlines",),
    ]


def test_a_backslash_at_the_end_of_a_quoted_cell_stays(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text('image,caption\na.jpg,"C:\\"\nb.jpg,"a ""b"""\n')
    assert [record.captions for record in read_records(tmp_path / "m.csv")] == [("C:\\",), ('a "b"',)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.csv", "image,caption,id\na.jpg,a car,1\nb.jpg,a boat\n"),
        ("m.jsonl", '{"image": "a.jpg", "caption": "a car"}\n{"image": "b.jpg", "caption": "a bo'),
        ("m.json", '[{"image": "a.jpg", "caption": "a car"}, {"image": 1, "caption": "a boat"}]'),
    ],
)
def test_the_caption_of_a_broken_row_is_counted(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (skipped,) = [entry for entry in read_source(tmp_path / name) if isinstance(entry, Skipped)]
    assert (skipped.kind, skipped.captions) == ("malformed row", 1)
