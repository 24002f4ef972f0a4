"""Who may come in to the closed node: its users' passwords, in a file of this user alone."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import CredentialsMissing
from ..folders import open_private, write_private

ADMIN, OWN = "admin", "clipseek"
_CURE = "make new ones with: clipseek node credentials --rotate"


@dataclass(frozen=True)
class Credentials:
    """Passwords of the user for people and Dashboards, who may do all, and of clipseek's own, who may do what its commands need."""

    admin: str
    clipseek: str

    @property
    def authorization(self) -> str:
        """The header of clipseek's own requests."""
        return "Basic " + base64.b64encode(f"{OWN}:{self.clipseek}".encode()).decode("ascii")

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self)) + "\n")


def read_credentials(path: Path) -> Credentials:
    """Raises CredentialsMissing for a file that is lost, or that holds something else."""
    try:
        with open_private(path) as file:
            fields = json.load(file)
        return Credentials(str(fields["admin"]), str(fields["clipseek"]))
    except OSError:
        raise CredentialsMissing(
            f"{path}, with the passwords of the node, is not there or not readable; {_CURE}"
        ) from None
    except (ValueError, TypeError, KeyError):
        raise CredentialsMissing(f"{path} does not hold the passwords of the node; {_CURE}") from None
