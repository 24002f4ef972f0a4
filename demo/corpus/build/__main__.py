"""Build the corpora from their pinned packages: ``python -m clipseek.demo.corpus.build PACKAGES OUT [--full]``.

PACKAGES holds what ``npm pack`` and ``apt-get download`` bring, unpacked: iconify-json/ (@iconify/json 2.2.535), tabler-icons/
(@tabler/icons 3.51.0), lucide-static/ (1.62.0), mdi-svg/ (@mdi/svg 7.4.47), emojibase-data/ (17.0.0), openclipart/ (Debian's
openclipart-svg 1:0.18). OUT gets general.jsonl.xz and domain.jsonl.xz; with --full domain_full.jsonl.xz, over 100,000 pairs.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import lzma
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..shipped import Item
from .captions import Emoji, Thesaurus
from .domain import SHIPPED_CAPS, domain_candidates
from .general import SETS, candidates
from .licences import write_licences
from .pairs import Rules, build, by_hash

# How much of the general corpus ships: all that is held out (but few logos: a name that was never seen cannot be read off its
# mark, by anyone), and so many training pairs of each kind to keep it in mind.
SHIPPED_HELD_OUT_LOGOS = {"val": 80, "test": 200}
SHIPPED_GENERAL = {"emoji": 2600, "object": 2200, "clipart": 700, "flag": 100, "logo": 400}


def write(pairs: Iterable[Item], path: Path) -> int:
    """Write one JSON object a line, sorted by set so that alike drawings stand near; returns the count."""
    rows = sorted(pairs, key=lambda pair: (pair.set, pair.id))
    with lzma.open(path, "wt", encoding="utf-8", preset=9 | lzma.PRESET_EXTREME) as file:
        for pair in rows:
            file.write(json.dumps(dataclasses.asdict(pair), ensure_ascii=False) + "\n")
    print(f"{path}: {len(rows)} pairs, {path.stat().st_size / 1e6:.1f} MB, {dict(Counter(p.split for p in rows))}")
    return len(rows)


def shipped_part(pairs: list[Item]) -> list[Item]:
    """What is held out and, by the hash of their ids, SHIPPED_GENERAL of the training pairs."""
    kept = [pair for pair in pairs if pair.split != "train" and pair.kind != "logo"]
    logos = sorted((pair for pair in pairs if pair.kind == "logo"), key=by_hash)
    for split, count in SHIPPED_HELD_OUT_LOGOS.items():
        kept += [pair for pair in logos if pair.split == split][:count]
    for kind, count in SHIPPED_GENERAL.items():
        mine = [pair for pair in pairs if pair.split == "train" and pair.kind == kind]
        kept += sorted(mine, key=by_hash)[:count]
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--full", action="store_true", help="the whole domain corpus, over 100,000 pairs")
    parser.add_argument("--general", type=Path, help="a general.jsonl[.xz] built before, instead of building it")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    here, icons = arguments.packages, arguments.packages / "iconify-json" / "json"
    book = Thesaurus.read(tabler=here / "tabler-icons", lucide=here / "lucide-static", mdi=here / "mdi-svg")
    dropped: Counter[str] = Counter()
    if arguments.full:
        found = build(domain_candidates(icons, book, full=True), Rules(coloured=False), dropped)
        write(found, arguments.out / "domain_full.jsonl.xz")
        print(dict(dropped))
        return
    if arguments.general is not None:
        opener = lzma.open if arguments.general.suffix == ".xz" else open
        with opener(arguments.general, "rt", encoding="utf-8") as file:
            general = [Item(**json.loads(line)) for line in file]
    else:
        emoji = Emoji(here / "emojibase-data")
        general = build(
            candidates(icons, here / "openclipart", book, emoji), Rules(coloured=True, caps=SETS["logos"]), dropped
        )
    shipped = shipped_part(general)
    domain = build(domain_candidates(icons, book, full=False), Rules(coloured=False, caps=SHIPPED_CAPS), dropped)
    write(shipped, arguments.out / "general.jsonl.xz")
    write(domain, arguments.out / "domain.jsonl.xz")
    write_licences(
        {p.set for p in [*shipped, *domain]}, here / "iconify-json" / "collections.json", arguments.out / "LICENSES.md"
    )
    print(dict(dropped))


if __name__ == "__main__":
    main()
