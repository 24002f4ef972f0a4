"""Where pictures and captions come from: manifests, folders, tar shards, and the layouts of known data sets."""

from .errors import MalformedSource, MissingColumn, SourceError, SourceNotFound, UnknownLayout
from .folder import IMAGE_SUFFIXES, iter_files, picture_files
from .read import LAYOUTS, Layout, Source, read_records, read_source
from .record import MetadataValue, Record, Skipped, shown
from .tar_member import TarMember, tar_picture

__all__ = [
    "IMAGE_SUFFIXES",
    "LAYOUTS",
    "Layout",
    "MalformedSource",
    "MetadataValue",
    "MissingColumn",
    "Record",
    "Skipped",
    "Source",
    "SourceError",
    "SourceNotFound",
    "TarMember",
    "UnknownLayout",
    "iter_files",
    "picture_files",
    "read_records",
    "read_source",
    "shown",
    "tar_picture",
]
