"""Where pictures and captions come from: manifests, folders, tar shards, and the layouts of known data sets."""

from .errors import MalformedSource, MissingColumn, SourceError, SourceNotFound, UnknownLayout
from .folder import IMAGE_SUFFIXES, iter_files
from .packed import Packed, packed
from .read import LAYOUTS, Layout, read_records, read_source
from .record import MetadataValue, Record, Skipped, shown

__all__ = [
    "IMAGE_SUFFIXES",
    "LAYOUTS",
    "Layout",
    "MalformedSource",
    "MetadataValue",
    "MissingColumn",
    "Packed",
    "Record",
    "Skipped",
    "SourceError",
    "SourceNotFound",
    "UnknownLayout",
    "iter_files",
    "packed",
    "read_records",
    "read_source",
    "shown",
]
