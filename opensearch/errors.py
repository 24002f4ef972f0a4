"""Errors of ``clipseek.opensearch``; those of the embedded node are in ``node/errors.py``."""

from __future__ import annotations


class OpenSearchError(Exception):
    """Base of every expected failure here; its message gives the value, what was expected, and the next command."""

    exit_code = 1


class InvalidAddress(OpenSearchError):
    """The URL is no address of a server."""


class InvalidOption(OpenSearchError):
    """An index name, preset, weight or field declaration that cannot be used."""


class ServerError(OpenSearchError):
    """What a server, or its silence, answered."""


class Unreachable(ServerError):
    """Nothing answers at the address."""


class TimedOut(ServerError):
    """Something is there, and did not answer in time."""


class AccessRefused(ServerError):
    """No or wrong credentials."""


class TLSFailed(ServerError):
    """The server's certificate is not trusted, or it speaks no TLS."""


class ServerUnfit(ServerError):
    """Not OpenSearch, too old, or without a plugin that search needs."""


class PluginMissing(ServerUnfit):
    """The server lacks a plugin; the message names it."""


class IndexReadOnly(ServerError):
    """Writes are blocked: the disk is nearly full (``by_disk``), or somebody blocked them."""

    def __init__(self, message: str, *, by_disk: bool = False) -> None:
        super().__init__(message)
        self.by_disk = by_disk


class RequestRefused(ServerError):
    """Any other answer of 400 and above. ``status`` is the HTTP status, ``kind`` the server's name of the error, ``retry_after``
    the seconds after which the server wants to be asked again.
    """

    def __init__(self, message: str, status: int, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.retry_after: float | None = None


class NotFound(RequestRefused):
    """404."""


class IndexMissing(OpenSearchError):
    """No index behind the alias."""


class IndexUnusable(OpenSearchError):
    """The alias is an index, points to several, or to one that clipseek did not make."""


class ModelMismatch(OpenSearchError):
    """The index was filled by another model."""


class IngestFailed(OpenSearchError):
    """A batch could not be indexed."""
