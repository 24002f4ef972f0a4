from __future__ import annotations

import pytest
from clipseek.sources import MalformedSource
from clipseek.sources.fields import parse_object


def test_a_number_longer_than_python_reads_is_kept_as_text() -> None:
    digits = "9" * 5000
    assert parse_object(f'{{"n": {digits}, "m": -7, "f": 1.5}}', "a line") == {"n": digits, "m": -7, "f": 1.5}
    with pytest.raises(MalformedSource, match="a number where a JSON object"):
        parse_object("7", "a line")
