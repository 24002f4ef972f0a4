"""README.md of a checkpoint: what it is, what it was made of, and how good it was on held-out pairs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_LICENCE = re.compile(r"^license(?:_name)?:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)

_FIGURES = {
    "validation_mrr": "MRR@10, gallery of {gallery} held-out pictures, text to image",
    "validation_batch_mrr": "MRR@20, in batches of 64",
    "general_mrr": "MRR@10 of general pairs, whole gallery",
    "general_batch_mrr": "MRR@20 of general pairs, in batches of 64",
}


def licence_of(base: Path) -> str | None:
    """What the header of the base's own README.md names, as hubs read it; None where it names none, and for a hub id."""
    try:
        text = (base / "README.md").read_text("utf-8", "replace")
    except OSError:
        return None
    header = text.split("---")[1] if text.startswith("---") else ""
    found = _LICENCE.search(header)
    return found[1] if found else None


def model_card(about: dict[str, Any]) -> str:
    """Markdown with the header that a hub reads. ``about``: what clipseek_training.json holds.

    The base's licence is that of its own card; those of pictures and captions are not known here, and the card says so.
    """
    recipe, splits = about.get("recipe", {}), about.get("splits") or []
    licence = about.get("base_licence")
    rows = [
        ("base", f"`{about['base']}`"),
        (
            "recipe",
            f"`{recipe.get('recipe')}`, learning rate {recipe.get('learning_rate'):g}, seed {recipe.get('seed')}",
        ),
        ("optimizer", str(about.get("optimizer", "not recorded"))),
        ("steps", f"{about['steps']:,}"),
        ("pairs", f"{about['pairs']:,} trained on, {about['validation_pairs']:,} held out"),
        ("splits", ", ".join(f"{name or 'no split'}: {number:,} pairs" for name, number in splits) or "none named"),
        ("data", f"fingerprint `{about['data']}`"),
        ("pictures trained on", "`trained_on.bin`; `clipseek evaluate` says how many of its pictures these are"),
        ("weights", f"{about['alpha']:.0%} of the way from the base's to the fine-tuned ones"),
    ]
    figures = about.get("validation") or {}
    before = about.get("before") or {}
    gallery = f"{about.get('validation_gallery') or 'the'}"
    span = [f"{figures.get(f'validation_mrr_{end}', float('nan')):.4f}" for end in ("low", "high")]
    table = [
        f"| {title.format(gallery=gallery)} | {before[name]:.4f} | {figures[name]:.4f} |"
        for name, title in _FIGURES.items()
        if name in figures and name in before
    ]
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: zero-shot-image-classification",
        "tags: [clip, image-search, clipseek]",
        "---",
        "",
        "# A CLIP fine-tuned with clipseek",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        f"The base's licence, as its own card says: `{licence}`."
        if licence
        else "The base names no licence in a card beside it.",
        "This model's follows from that and from those of the pictures and captions, which the trainer does not know.",
    ]
    if table:
        held = "These pairs also chose the weights: judge the model on others with `clipseek evaluate`."
        if "validation_mrr_low" in figures:
            held = f"95 % of MRR@10, this: {span[0]} to {span[1]}. {held}"
        lines += ["", f"| on held-out pairs | base | this |\n|---|---|---|\n{chr(10).join(table)}", "", held]
    return "\n".join(lines) + "\n"
