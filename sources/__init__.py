"""Where pictures and captions come from: manifests, folders, tar shards, and the layouts of known data sets."""

from clipseek.encoder.pictures.suffixes import IMAGE_SUFFIXES

from .embedded.stage import CAPTIONS_FROM, CaptionsFrom
from .errors import MalformedSource, MissingColumn, SourceError, SourceNotFound, UnknownLayout, UnknownSplit
from .folders.folder import iter_files, picture_files
from .layout import LAYOUTS, Layout
from .read import Source, read_records, read_source
from .record import MetadataValue, Record, Skipped, records_of, shown
from .splits import Chosen, Splits
from .tars.tar_member import TarMember, tar_picture

__all__ = [
    "CAPTIONS_FROM",
    "IMAGE_SUFFIXES",
    "LAYOUTS",
    "CaptionsFrom",
    "Chosen",
    "Layout",
    "MalformedSource",
    "MetadataValue",
    "MissingColumn",
    "Record",
    "Skipped",
    "Source",
    "SourceError",
    "SourceNotFound",
    "Splits",
    "TarMember",
    "UnknownLayout",
    "UnknownSplit",
    "iter_files",
    "picture_files",
    "read_records",
    "read_source",
    "records_of",
    "shown",
    "tar_picture",
]
