"""Files of every format, broken at random: each is read or refused in one line, in time, and within memory."""

from __future__ import annotations

import itertools
import random
import resource
import time

import pytest
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.rules import Rules

from tests.made import dicoms, others, pillows, tiffs
from tests.sizes import sized

_FILES = sized(100, 5_000)
_BUNCHES = 10
_SECONDS = 30  # of one file; a hang is ended after twenty
_MEGABYTES = 1_500  # that this process may grow by


def _made() -> list[bytes]:
    """One file of each kind, the rare formats as often as the many TIFFs."""
    every = itertools.chain(pillows.samples(), others.samples(), dicoms.samples(), list(tiffs.samples())[::6])
    return [sample.make() for sample in every]


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """Cut off, bits turned, a lie in the header, a stretch of zeros, or a part twice."""
    changed = bytearray(data)
    kind = chance.randrange(5)
    if kind == 0:
        return data[: chance.randrange(1, len(data))]
    if kind == 1:
        for _ in range(chance.choice((1, 3, 20))):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        at, size = chance.randrange(min(256, len(changed))), chance.choice((1, 2, 4))
        changed[at : at + size] = chance.choice((b"\xff", b"\0", b"\x7f", b"\x80")) * size
    elif kind == 3:
        at = chance.randrange(len(changed))
        end = min(len(changed), at + chance.randrange(1, 64))
        changed[at:end] = bytes(end - at)
    else:
        at = chance.randrange(len(changed))
        changed[at:at] = changed[max(0, at - chance.randrange(1, 200)) : at]
    return bytes(changed)


@pytest.mark.parametrize("bunch", range(_BUNCHES))
def test_a_broken_file_is_read_or_refused_in_one_line(bunch: int, capfd: pytest.CaptureFixture[str]) -> None:
    chance, made = random.Random(bunch), _made()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(_FILES // _BUNCHES):
        data = _mutated(chance.choice(made), chance)
        began = time.monotonic()
        reason = ""
        try:
            open_picture(data, Rules(), edge=224)
        except ImageError as problem:
            reason = str(problem)
        assert "\n" not in reason, (bunch, number, reason)
        assert "Traceback" not in reason, (bunch, number, reason)
        assert time.monotonic() - began < _SECONDS, (bunch, number, reason)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    assert grown < _MEGABYTES
    assert capfd.readouterr().err == ""
