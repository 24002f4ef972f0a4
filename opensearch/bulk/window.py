"""How many bulk requests are under way at once, and how large one is: as many as the server takes without complaint. Pure."""

from __future__ import annotations

#: Bulks under way at once, at most; bytes of one.
MOST = 4
LEAST_BYTES, FIRST_BYTES, MOST_BYTES = 256 << 10, 2 << 20, 5 << 20


class Window:
    """Grows by one with every answer until the server is busy for the first time, afterwards by one after as many answers as there
    are bulks under way, and halves when the server is busy: as TCP does (slow start; additive increase, multiplicative decrease;
    RFC 5681), so that writers who share a server end with equal parts of it.
    """

    def __init__(self, most: int = MOST, bytes_of_bulk: int = FIRST_BYTES) -> None:
        self._most = most
        self.limit = min(2, most)
        self.bytes = bytes_of_bulk
        self._good = 0
        self._was_busy = False

    def answered(self) -> None:
        """A bulk was taken whole."""
        self._good += 1
        if self._good >= self.limit or not self._was_busy:
            self._good = 0
            self.limit = min(self._most, self.limit + 1)
            self.bytes = min(MOST_BYTES, self.bytes * 5 // 4)

    def busy(self) -> None:
        """The server was too busy for a bulk, or for a part of it."""
        self._good, self._was_busy = 0, True
        self.limit = max(1, self.limit // 2)
        self.bytes = max(LEAST_BYTES, self.bytes // 2)
