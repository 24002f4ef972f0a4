"""Time zones: what a date without a zone of its own means. Pure, but for the system's table of zones."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from ..errors import InvalidOption

UTC = "UTC"
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?", re.ASCII)
#: The server takes no larger offset.
_LARGEST_MINUTES = 18 * 60


def read_zone(name: str) -> tzinfo:
    """The zone ``name``: ``UTC``, a place like ``Europe/Berlin``, or an offset like ``+02:00``. Raises InvalidOption for others."""
    if name in (UTC, "Z"):
        return timezone.utc
    if match := _OFFSET.fullmatch(name):
        zone = offset_zone(match[1], match[2], match[3])
        if zone is not None:
            return zone
    else:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # not there, no name, the name of a folder of zones
            pass
    shown = name if len(name) <= 60 else f"{name[:57]}..."
    raise InvalidOption(f"time zone {shown!r} is not known; give a name like Europe/Berlin, or an offset like +02:00")


def offset_zone(sign: str, hours: str, minutes: str | None) -> timezone | None:
    """The zone of an offset from UTC; ``None`` for one that the server does not take."""
    total = int(hours) * 60 + int(minutes or 0)
    if int(minutes or 0) > 59 or total > _LARGEST_MINUTES:
        return None
    return timezone(timedelta(minutes=-total if sign == "-" else total))
