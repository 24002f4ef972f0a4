"""Where pictures and captions come from: manifests, folders, the ImageCLEF 2017 layout. No dependencies."""

from .errors import MalformedSource, MissingColumn, SourceError, SourceNotFound, UnknownLayout
from .folder import IMAGE_SUFFIXES, iter_files
from .read import LAYOUTS, Layout, read_records, read_source
from .record import MetadataValue, Record, Skipped, shown

__all__ = [
    "IMAGE_SUFFIXES",
    "LAYOUTS",
    "Layout",
    "MalformedSource",
    "MetadataValue",
    "MissingColumn",
    "Record",
    "Skipped",
    "SourceError",
    "SourceNotFound",
    "UnknownLayout",
    "iter_files",
    "read_records",
    "read_source",
    "shown",
]
