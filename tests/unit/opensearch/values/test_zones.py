from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.values.zones import read_zone


@pytest.mark.parametrize(
    ("name", "hours"),
    [("UTC", 0), ("Z", 0), ("Europe/Berlin", 2), ("+02:00", 2), ("-0330", -3.5), ("+14", 14), ("Asia/Kathmandu", 5.75)],
)
def test_names_and_offsets(name: str, hours: float) -> None:
    assert datetime(2024, 5, 31, tzinfo=read_zone(name)).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "name", ["", "Berlin", "Europe", "Europe/", "../UTC", "/etc/passwd", "+25:00", "+02:75", "x" * 300, "\0", "é", "+2"]
)
def test_others_are_refused(name: str) -> None:
    with pytest.raises(InvalidOption, match=r"time zone .* is not known; give a name like Europe/Berlin"):
        read_zone(name)
