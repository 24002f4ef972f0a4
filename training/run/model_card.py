"""README.md of a checkpoint: what it is, what it was made of, and how good it was on held-out pairs."""

from __future__ import annotations

from typing import Any

_FIGURES = {
    "validation_mrr": "MRR@10, whole validation gallery, text to image",
    "validation_batch_mrr": "MRR@20, in batches of 64",
    "general_mrr": "MRR@10 of general pairs, whole gallery",
    "general_batch_mrr": "MRR@20 of general pairs, in batches of 64",
}


def model_card(about: dict[str, Any]) -> str:
    """Markdown with the header that a hub reads. ``about``: what clipseek_training.json holds.

    Licences are not known here: the card says that they are the base's and the pictures'.
    """
    recipe = about.get("recipe", {})
    rows = [
        ("base", f"`{about['base']}`"),
        (
            "recipe",
            f"`{recipe.get('recipe')}`, learning rate {recipe.get('learning_rate'):g}, seed {recipe.get('seed')}",
        ),
        ("optimizer", str(about.get("optimizer", "not recorded"))),
        ("steps", f"{about['steps']:,}"),
        ("pairs", f"{about['pairs']:,} trained on, {about['validation_pairs']:,} held out"),
        ("data", f"fingerprint `{about['data']}`"),
        ("pictures trained on", "`trained_on.bin`; `clipseek evaluate` says how many of its pictures these are"),
        ("weights", f"{about['alpha']:.0%} of the way from the base's to the fine-tuned ones"),
    ]
    figures = about.get("validation") or {}
    before = about.get("before") or {}
    table = [
        f"| {title} | {before[name]:.4f} | {figures[name]:.4f} |"
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
        "Its licence is that of its base and of the pictures and captions that it was trained on; neither is known to the trainer.",
    ]
    if table:
        held = "These pairs also chose the weights: judge the model on others with `clipseek evaluate`."
        lines += ["", f"| on held-out pairs | base | this |\n|---|---|---|\n{chr(10).join(table)}", "", held]
    return "\n".join(lines) + "\n"
