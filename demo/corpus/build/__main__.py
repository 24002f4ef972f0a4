"""Build the corpora from their pinned packages: ``python -m clipseek.demo.corpus.build PACKAGES OUT [--full]``.

PACKAGES holds what ``npm pack`` and ``apt-get download`` bring, unpacked: iconify-json/ (@iconify/json 2.2.535), tabler-icons/
(@tabler/icons 3.51.0), lucide-static/ (1.62.0), mdi-svg/ (@mdi/svg 7.4.47), emojibase-data/ (17.0.0), openclipart/ (Debian's
openclipart-svg 1:0.18). OUT gets general.jsonl.xz and domain.jsonl.xz; with --full domain_full.jsonl.xz, over 100,000 pairs; with --fresh fresh.jsonl.xz,
the test of what those have and the shipped files lack, and LICENSES.md of all sets that ship.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import lzma
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..shipped import Item, read_corpus
from .captions import Emoji, Thesaurus
from .domain import SHIPPED_CAPS, domain_candidates
from .fresh import fresh_pairs, unshipped
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


def read_items(path: Path) -> list[Item]:
    """The drawings of a file that ``write`` made, packed or not."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [Item(**json.loads(line)) for line in file]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--full", action="store_true", help="the whole domain corpus, over 100,000 pairs")
    parser.add_argument("--general", type=Path, help="a general.jsonl[.xz] built before, instead of building it")
    parser.add_argument("--fresh", action="store_true", help="a test of concepts that the shipped files lack")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    here, icons = arguments.packages, arguments.packages / "iconify-json" / "json"
    book = Thesaurus.read(tabler=here / "tabler-icons", lucide=here / "lucide-static", mdi=here / "mdi-svg")
    dropped: Counter[str] = Counter()
    if arguments.fresh:
        shipped = [*read_corpus("domain"), *read_corpus("general")]
        wanted = unshipped(domain_candidates(icons, book, full=True), shipped)
        fresh = fresh_pairs(build(wanted, Rules(coloured=False), dropped), shipped, dropped)
        write(fresh, arguments.out / "fresh.jsonl.xz")
        sets = {p.set for p in [*shipped, *fresh]}
        write_licences(sets, here / "iconify-json" / "collections.json", arguments.out / "LICENSES.md")
        print(dict(dropped))
        return
    if arguments.full:
        found = build(domain_candidates(icons, book, full=True), Rules(coloured=False), dropped)
        write(found, arguments.out / "domain_full.jsonl.xz")
        print(dict(dropped))
        return
    if arguments.general is not None:
        general = read_items(arguments.general)
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
