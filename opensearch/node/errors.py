"""Errors of the embedded node."""

from __future__ import annotations

from clipseek.opensearch.errors import OpenSearchError


class NodeError(OpenSearchError):
    """Base of the embedded node's expected failures."""


class UnsupportedSystem(NodeError):
    """This operating system or user cannot run the node."""


class UnreachableFolder(NodeError):
    """A folder that the node's user cannot read, or that cannot be written."""


class JavaMissing(NodeError):
    """No Java that can run OpenSearch 2.19 was found."""


class ArtifactError(NodeError):
    """An artifact could not be fetched, or is not the one that the lock file names."""


class PortTaken(NodeError):
    """The wanted port is in use."""


class StartFailed(NodeError):
    """OpenSearch ended, or did not answer in time."""


class NodeElsewhere(NodeError):
    """A node that cannot be seen from here, of another container or machine, works in the folder."""


class CredentialsMissing(NodeError):
    """The file with the closed node's passwords is lost."""
