"""What a run has seen of its source: ids and entries. On disk, so that memory does not grow with the source."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Seen:
    """For every id the first file that had it, and every entry's key. In a temporary file of SQLite's, which is gone with the
    process; about 150 bytes a picture. Usable from several threads. Its methods raise OSError (ENOSPC) where that disk is full.
    """

    def __init__(self, *, keys: bool = True) -> None:
        self._keys = keys
        self._lock = threading.Lock()
        self._kept = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000"):
            self._kept.execute(f"PRAGMA {pragma}")
        self._kept.execute("CREATE TABLE ids (id BLOB PRIMARY KEY, path BLOB) WITHOUT ROWID")
        self._kept.execute("CREATE TABLE names (name BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID")
        self._kept.execute("CREATE TABLE keys (key TEXT PRIMARY KEY) WITHOUT ROWID")
        self._kept.execute("BEGIN")

    def first(self, name: str, path: Path) -> Path | None:
        """The file that came with this id before; None where ``path`` is the first, which is kept."""
        digest = _digest(name)
        with self._kept_safely():
            row = self._kept.execute("SELECT path FROM ids WHERE id = ?", (digest,)).fetchone()
            if row is None:
                self._kept.execute("INSERT INTO ids VALUES (?, ?)", (digest, os.fsencode(path)))
        return None if row is None else Path(os.fsdecode(row[0]))

    def number(self, name: str) -> int:
        """How often this name came before."""
        digest = _digest(name)
        with self._kept_safely():
            # One statement for a name that is new, as nearly all are.
            if self._kept.execute("INSERT OR IGNORE INTO names VALUES (?, 1)", (digest,)).rowcount == 1:
                return 0
            (number,) = self._kept.execute("SELECT number FROM names WHERE name = ?", (digest,)).fetchone()
            self._kept.execute("UPDATE names SET number = number + 1 WHERE name = ?", (digest,))
        return int(number)

    def add_key(self, key: str) -> None:
        """Keep an entry's key, if keys are asked for."""
        if not self._keys:
            return
        with self._kept_safely():
            self._kept.execute("INSERT OR IGNORE INTO keys VALUES (?)", (key,))

    def has_key(self, key: str) -> bool:
        """True for the key of an entry of this run."""
        with self._kept_safely():
            return self._kept.execute("SELECT 1 FROM keys WHERE key = ?", (key,)).fetchone() is not None

    @contextmanager
    def _kept_safely(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as problem:
                if "is full" not in str(problem):
                    raise
                where = os.environ.get("SQLITE_TMPDIR") or os.environ.get("TMPDIR") or "/var/tmp"
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"a temporary file in {where}") from None

    def close(self) -> None:
        """Remove the file."""
        with self._lock:
            self._kept.close()


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=16).digest()
