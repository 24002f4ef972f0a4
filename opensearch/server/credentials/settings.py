"""What the environment and the file of CLIPSEEK_CREDENTIALS_FILE say about credentials and certificates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import InvalidAddress
from ..address import Address, parse_address
from .private_file import read_private

#: In the file in small letters; in the environment CLIPSEEK_ and capitals.
NAMES = (
    "username",
    "password",
    "bearer_token",
    "api_key",
    "client_cert",
    "client_key",
    "client_key_password",
    "aws_region",
    "aws_service",
    "aws_profile",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "keyring",
    "ca_certs",
    "verify_certs",
)
FILE = "CLIPSEEK_CREDENTIALS_FILE"
ENVIRONMENT = "the environment"


def variable(name: str) -> str:
    """Of the environment."""
    return f"CLIPSEEK_{name.upper()}"


@dataclass(frozen=True)
class Settings:
    """Values by their names, and of each where it stood."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    sources: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def source(self, *names: str) -> str:
        """Where these stood, those that were given."""
        return " and ".join(dict.fromkeys(self.sources[name] for name in names if name in self.sources))


def read_settings(address: Address, environ: Mapping[str, str]) -> Settings:
    """For the server at ``address``. Raises InvalidAddress for a file that cannot be used, and for a value that both give."""
    values = {name: environ[variable(name)] for name in NAMES if environ.get(variable(name))}
    sources = dict.fromkeys(values, ENVIRONMENT)
    if path := environ.get(FILE):
        for name, value in _of_file(Path(path), address).items():
            if name in values and values[name] != value:
                raise InvalidAddress(f"{variable(name)} and the file of {FILE} both give {name}; take one of them away")
            values[name], sources[name] = value, path
    return Settings(values, sources)


def _of_file(path: Path, address: Address) -> dict[str, str]:
    shape = f'write one JSON object like {{"username": "feeder", "password": "..."}} with names of {", ".join(NAMES)}'
    try:
        fields = json.loads(read_private(path, FILE))
    except ValueError as problem:
        where = f" (line {problem.lineno})" if isinstance(problem, json.JSONDecodeError) else ""
        raise InvalidAddress(f"{FILE} {path} is no JSON{where}; {shape}") from None
    if not isinstance(fields, dict):
        raise InvalidAddress(f"{FILE} {path} holds no JSON object; {shape}")
    url = fields.pop("url", None)
    if url is not None and (not isinstance(url, str) or str(parse_address(url)) != str(address)):
        raise InvalidAddress(
            f"{FILE} {path} holds credentials of another server than {address}, so nothing was sent; name that one with --url, or "
            "another file"
        )
    for name, value in fields.items():
        if name not in NAMES:  # not shown: it may be a secret in the wrong place
            raise InvalidAddress(f"{FILE} {path} holds a name that is not known; {shape}")
        if not isinstance(value, str) or not value:
            raise InvalidAddress(f"{FILE} {path} gives {name} no text; {shape}")
    return fields
