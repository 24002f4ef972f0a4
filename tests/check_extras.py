"""Do ``clipseek[formats]`` and ``clipseek[ocr]`` work where only the wheel is? Run by the Python into which they were installed,
with ``-I``: a file of every format is shown, words are read, nothing of them is under the GPL, and there is one onnxruntime."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distributions, metadata, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))  # behind what is installed: tests.made alone comes from here
EXTRAS = ("formats", "ocr")


def main() -> int:
    wrong = [*unread_formats(), *unread_words(), *under_gpl(), *several_onnxruntimes()]
    print("\n".join(wrong) or f"{' and '.join(EXTRAS)} work, with one onnxruntime and nothing under the GPL")
    return 1 if wrong else 0


def unread_formats() -> list[str]:
    """What ``data show`` says of each format of which it reads no made file."""
    from clipseek.encoder.pictures.formats.registry import FORMATS
    from clipseek.encoder.pictures.rules import Rules

    from tests.made import dicoms, others, pillows, tiffs

    read: dict[str, bool] = {}
    facts: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        names: dict[str, str] = {}  # each file's format
        for room in (others, dicoms, tiffs, pillows):
            for sample in room.samples():
                if sample.rules == Rules() and list(names.values()).count(sample.format) < 2:
                    file = Path(folder) / f"{len(names)}.bin"
                    file.write_bytes(sample.make())
                    names[str(file)] = sample.format
        command = [str(Path(sys.executable).with_name("clipseek")), "data", "show", "--json", *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return [f"data show ended with {done.returncode}: {done.stderr.strip()[-300:]}"]
        for entry in json.loads(done.stdout):
            kind = names[entry["file"]]
            read[kind] = read.get(kind, True) and entry["read"]
            facts[kind] = "; ".join(entry["facts"])
    missing = {known.name for known in FORMATS if not known.library.startswith("Pillow")} - set(read)
    return [f"{kind}: {facts[kind]}" for kind, fine in read.items() if not fine] + [
        f"{name}: no file" for name in missing
    ]


def unread_words() -> list[str]:
    """Words that OCR does not read in a picture of them."""
    from clipseek.encoder.ocr.reader import OcrReader

    from tests.signs import sign

    found = OcrReader().read(sign(["Harbour ferry 4711"]))
    return [] if found == "Harbour ferry 4711" else [f"OCR reads {found!r}"]


def under_gpl() -> list[str]:
    """Each package of the extras, with what it requires, whose metadata names the GPL."""
    waiting, seen = {f"clipseek[{extra}]" for extra in EXTRAS}, set[str]()
    found = []
    while waiting:
        line = waiting.pop()
        wanted = Requirement(line)
        if line in seen:
            continue
        seen.add(line)
        try:
            words = metadata(wanted.name)
        except PackageNotFoundError:
            continue
        said = [*(words.get_all("License-Expression") or []), *(words.get_all("Classifier") or [])]
        said += [line[:200] for line in words.get_all("License") or []]
        if any(re.search(r"(?<!L)GPL|(?<!Lesser )General Public", text) for text in said):
            found.append(f"{wanted.name} is under {'; '.join(said)}")
        for each in map(Requirement, requires(wanted.name) or []):
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in (wanted.extras or {""})):
                waiting.add(f"{each.name}[{','.join(sorted(each.extras))}]" if each.extras else each.name)
    return found


def several_onnxruntimes() -> list[str]:
    """Both onnxruntime wheels share a folder; with two of them the last one's files count, in part."""
    names = sorted({found.metadata["Name"].lower() for found in distributions()})
    runtimes = [name for name in names if re.fullmatch(r"onnxruntime(-\w+)*", name)]
    return [] if len(runtimes) == 1 else [f"{len(runtimes)} onnxruntimes: {', '.join(runtimes)}"]


if __name__ == "__main__":
    sys.exit(main())
