"""A picture inside an archive, read where it lies; in a compressed one, in what that unpacks to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clipseek.files.unpacked import NotUnpacked, opened

if TYPE_CHECKING:
    _Here = Path
else:  # until Python 3.12 a plain Path cannot be subclassed, only the one of this machine's kind
    _Here = type(Path())


class TarMember(_Here):
    """A path like ``shard.tar/0001.jpg``, whose bytes are ``size`` bytes of ``archive``, unpacked, from ``start`` on.

    It reads as the picture's own file would. Make it with ``tar_picture``; what is derived from it (a parent, another name)
    is a path like any other.
    """

    archive: Path
    start: int
    size: int

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        return self.archive.exists()

    def is_file(self) -> bool:
        return self.archive.is_file()

    def read_bytes(self) -> bytes:
        """The picture's bytes. Raises OSError; a shard that has become shorter gives fewer of them."""
        try:
            with opened(self.archive) as stream:
                stream.seek(self.start)
                return stream.read(self.size)
        except NotUnpacked as problem:
            raise OSError(f"{self.archive.name} {problem}") from None


def tar_picture(archive: Path, member: str, start: int, size: int) -> TarMember:
    """The picture ``member`` of ``archive``; ``start`` counts the bytes of a compressed one as it is unpacked."""
    path = TarMember(archive / member.lstrip("/"))
    path.archive, path.start, path.size = archive, start, size
    return path
