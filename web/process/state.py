"""Word that a service leaves of itself: which process it is, and at which address."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.files.processes import elsewhere, runs
from clipseek.files.whole import whole_file


@dataclass(frozen=True)
class Service:
    """One process that serves. ``address`` ends in a slash; ``token_file`` is None where no token is wanted."""

    pid: int
    identity: str
    port: int
    address: str
    indexes: tuple[str, ...]
    token_file: str | None
    log: str | None
    started_at: str
    name: str = ""

    def alive(self) -> bool:
        """Whether that very process runs; another one with its number does not count."""
        return runs(self.pid, self.identity)

    def entrance(self) -> str:
        """The address, with the token where one is wanted: whoever opens it comes in."""
        if self.token_file is None:
            return self.address
        return f"{self.address}?token={Path(self.token_file).read_text('ascii').strip()}"

    def write(self, folder: Path) -> None:
        """Leave word in ``folder``, readable by this user alone."""
        with whole_file(folder / f"{self.port}.json", mode=0o600) as part:
            part.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", "utf-8")

    def forget(self, folder: Path) -> None:
        """Take the word back, and the token that this start made."""
        (folder / f"{self.port}.json").unlink(missing_ok=True)
        (folder / f"{self.port}.token").unlink(missing_ok=True)


def running(folder: Path) -> list[Service]:
    """The services that left word and still run, by port. What ended without a word is cleared away; of another
    container's, which cannot be seen from here, nothing is.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
            service = Service(**{**fields, "indexes": tuple(fields["indexes"])})
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if service.alive():
            found.append(service)
        elif path.stem == str(service.port) and not elsewhere(service.identity):
            service.forget(folder)
    return sorted(found, key=lambda service: service.port)
