"""``clipseek data show`` and ``clipseek bundle pictures``: how pictures are read, looked at and chosen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from clipseek.encoder import Bundle, ClipEncoder

from tests.command import run_command
from tests.made import dicoms, others, pillows, tiffs
from tests.made.scene import colour, grey, scaled
from tests.shipped import TUNED


def _bands() -> bytes:
    planes = np.stack([grey(), *np.moveaxis(colour(), -1, 0)[::-1], grey()])
    return tiffs.write(planes, planarconfig="separate", photometric="minisblack")


def _files(folder: Path) -> None:
    (folder / "scan.dcm").write_bytes(dicoms.write(dicoms.dataset(scaled(grey(), 0, 4095, "u2"), "MONOCHROME1", 12)))
    (folder / "phone.jpg").write_bytes(
        (Path(__file__).parents[2] / "fixtures" / "pictures" / "quarters.heic").read_bytes()
    )
    (folder / "plain.png").write_bytes(pillows.write(colour(), "PNG"))
    (folder / "hostile.heic").write_bytes(others.crashing())
    (folder / "scene.tif").write_bytes(_bands())


def test_each_file_is_drawn_beside_what_decided_its_pixels(tmp_path: Path) -> None:
    pictures, sheet = tmp_path / "pictures", tmp_path / "sheet.html"
    pictures.mkdir()
    _files(pictures)
    done = run_command("data", "show", pictures, "--html", sheet, "--json")
    assert done.returncode == 0, done.stderr
    facts = {Path(entry["file"]).name: "; ".join(entry["facts"]) for entry in json.loads(done.stdout)}
    assert "format: HEIF, though its name ends with .jpg" in facts["phone.jpg"]
    assert "MONOCHROME1" in facts["scan.dcm"]
    assert "inverted: 0 is white" in facts["scan.dcm"]
    assert "8 bits in sRGB" in facts["plain.png"]
    assert "skipped: its decoder crashed" in facts["hostile.heic"]
    assert "choose them with: clipseek bundle pictures" in facts["scene.tif"]
    html = sheet.read_text("utf-8")
    assert html.count("<section>") == 5
    assert html.count("data:image/webp") == 6  # two of each that is read
    done = run_command("data", "show", pictures / "scene.tif", "--bands", "4,3,2", "--html", sheet)
    assert "bands 4,3,2 of 5" in done.stdout


def test_bands_that_are_none_are_refused(tmp_path: Path) -> None:
    for bands in ("1,2", "0,1,2", "r,g,b", ""):
        done = run_command("data", "show", tmp_path, "--bands", bands)
        assert done.returncode == 2
        assert "three numbers of bands from 1" in done.stderr


def test_a_copy_of_a_bundle_reads_pictures_in_another_way(tmp_path: Path) -> None:
    done = run_command("bundle", "pictures", TUNED, tmp_path / "scenes", "--bands", "4,3,2", "--frame", "first")
    assert done.returncode == 0, done.stderr
    made = Bundle.load(tmp_path / "scenes", verify=True)
    assert done.stdout.strip() == made.fingerprint != Bundle.load(TUNED).fingerprint
    assert (made.image.bands, made.image.frame, made.image.depth_range) == ((4, 3, 2), "first", "used")
    scene = ClipEncoder(made, device="cpu").load_picture(_bands())
    plain = ClipEncoder(Bundle.load(TUNED), device="cpu").load_picture(pillows.write(colour(), "PNG"))
    assert (scene.pixels == plain.pixels).all()
    done = run_command("bundle", "pictures", TUNED, tmp_path / "same")
    assert done.returncode == 2
    assert "nothing is chosen" in done.stderr


def test_a_part_of_a_file_is_drawn(tmp_path: Path) -> None:
    from PIL import Image

    pages = [Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue")]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    done = run_command("data", "show", f"{tmp_path}/scan.tif#page=3", f"{tmp_path}/scan.tif#page=2,0,0,16,24", "--json")
    assert done.returncode == 0, done.stderr
    third, part = json.loads(done.stdout)
    assert third["file"].endswith("scan.tif#page=3")
    assert "page 3 of 3" in " ".join(third["facts"]).replace(": ", " ")
    assert "size: 16 x 24 pixels" in part["facts"]
    for given, said, status in (
        (f"{tmp_path}/scan.tif#page=4", "it has no page 4, only 3", 0),
        (f"{tmp_path}/none.tif#page=1", "none.tif' does not exist", 2),
        (f"{tmp_path}/scan.tif#page", "is not understood", 1),
    ):
        done = run_command("data", "show", given, "--json")
        assert done.returncode == status, given
        assert said in done.stdout + done.stderr
