"""Whether the folder that an index names may be opened: anybody who writes to the index can put another one there.

What is in a bundle is parsed by libraries in C++, and decides what a search finds. So the folder, and all above it, must be such
that only this user and root can change them; others' folders are opened where the user names them (--model), or has put them on
the list once (``clipseek bundle trust``).
"""

from __future__ import annotations

import os
from pathlib import Path

from clipseek.files.owners import who_else
from clipseek.files.whole import whole_file

from ..errors import BundleError


def trust_list() -> Path:
    """The file with the folders that this user trusts, one a line: ``$CLIPSEEK_CONFIG/trusted-bundles``, else where the platform
    has this user's configuration. May be missing.
    """
    if named := os.environ.get("CLIPSEEK_CONFIG"):
        return Path(named).expanduser() / "trusted-bundles"
    import platformdirs

    return platformdirs.user_config_path("clipseek") / "trusted-bundles"


def trusted_folders() -> list[Path]:
    """Those of the list. Raises BundleError where another user could have written it, or it cannot be read."""
    path = trust_list()
    if not path.exists():
        return []
    if other := who_else(path):
        raise BundleError(f"{path} is not read: {other}; it may be changed by its user alone")
    try:
        lines = path.read_text("utf-8", "surrogateescape").splitlines()
    except OSError as problem:
        raise BundleError(f"{path} cannot be read ({problem.strerror})") from None
    return [Path(line) for line in lines if line.strip() and not line.startswith("#")]


def trust(folder: Path, *, trusted: bool = True) -> list[Path]:
    """Put the folder, with all below it, on the list, or take it off; returns the list. Raises BundleError."""
    real = Path(os.path.realpath(folder))
    if "\n" in str(real):
        raise BundleError(f"{str(real)!r} has a line break in its name, which the list cannot hold; rename it")
    if trusted and not real.is_dir():
        raise BundleError(f"no folder at {folder}, expected a bundle or a folder of bundles")
    before = trusted_folders()
    kept = [one for one in before if one != real]
    if not trusted and kept == before:
        raise BundleError(f"{folder} is not on the list of trusted folders; see: clipseek bundle trust")
    folders = [*kept, real] if trusted else kept
    path = trust_list()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_file(path, mode=0o600) as part:
            part.write_text("".join(f"{one}\n" for one in folders), "utf-8", "surrogateescape")
    except OSError as problem:
        raise BundleError(
            f"{path} cannot be written ({problem.strerror}); name another folder with CLIPSEEK_CONFIG"
        ) from None
    return folders


def check_trusted(folder: Path, index: str) -> None:
    """Raise BundleError unless this user trusts ``folder``, the one that ``index`` names."""
    if not folder.is_absolute():
        raise BundleError(
            f"index {index} names the bundle {str(folder)!r}, which is no whole path; name the bundle with --model BUNDLE (or "
            "CLIPSEEK_MODEL)"
        )
    real = Path(os.path.realpath(folder))
    if any(real == one or one in real.parents for one in trusted_folders()):
        return
    try:
        inside = sorted(entry.path for entry in os.scandir(folder))
    except OSError:
        inside = []  # whoever reads it says why it cannot
    for path in (folder, *map(Path, inside)):
        if other := who_else(path):
            raise BundleError(
                f"index {index} names the bundle {folder}, which is not opened, because {other}; if you trust it, name it with "
                f"--model {folder} (or CLIPSEEK_MODEL), or for good with: clipseek bundle trust {folder}"
            )
