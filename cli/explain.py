"""``clipseek explain``: where in a picture the words are found."""

from __future__ import annotations

from pathlib import Path

import click
from clipseek.files.whole import whole_file

from .options.common import json_option
from .options.paths import FilePath
from .options.query_pictures import read_picture_file
from .terminal.output import data, note, print_json


@click.command()
@click.argument("picture", metavar="PICTURE[#CROP]")
@click.argument("words")
@click.option("--model", required=True, type=FilePath(path_type=Path), help="Bundle folder, exported with --explain.")
@click.option("-o", "--out", type=FilePath(path_type=Path), help="Heat map to write: .png, .jpg or .webp.")
@json_option
def explain(picture: str, words: str, model: Path, out: Path | None, as_json: bool) -> None:
    """Show where in PICTURE the model finds WORDS: the picture, and a heat map beside it.

    Each patch is compared with the words separately. Colours span the picture's own range of cosines, so that the brightest
    patch may still be a poor match; --json gives the grid of cosines. PICTURE#x,y,w,h is a part of it, in pixels or per cent.
    """
    if out is None and not as_json:
        raise click.UsageError("name a picture to write with -o FILE, or print the cosines with --json")
    if out is not None and out.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise click.UsageError(f"{out} ends in {out.suffix or 'nothing'}, expected .png, .jpg or .webp")
    from clipseek.encoder import Bundle, ClipEncoder, ImageError
    from clipseek.encoder.pictures.files import read_file
    from clipseek.encoder.run.explain import explain as explain_picture

    file = read_picture_file(picture)
    encoder = ClipEncoder(Bundle.load(model), device="cpu")
    try:
        found = explain_picture(encoder, read_file(file.path), words, file.crop)
    except OSError as problem:
        raise click.ClickException(f"{file.path}: {problem.strerror or problem}; name a picture's file") from None
    except ImageError as problem:
        raise ImageError(f"{picture}: {problem}; name another picture") from None
    if out is not None:
        try:
            with whole_file(out) as part:
                found.heat().save(part, quality=88)
        except OSError as problem:
            raise click.ClickException(f"{out} cannot be written ({problem.strerror or problem})") from None
        note(
            f"patches' cosines with the words: {found.grid.min():.3f} to {found.grid.max():.3f}; "
            f"the whole picture's: {found.cosine:.3f}"
        )
    if as_json:
        grid = [[round(float(value), 6) for value in row] for row in found.grid]
        print_json({"picture": picture, "words": words, "model": str(model), "cosine": found.cosine, "grid": grid})
    elif out is not None:
        data(str(out))
