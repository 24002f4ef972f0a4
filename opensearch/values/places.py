"""Places: ``latitude,longitude`` in degrees, and a distance around one. Read alike at ingest and in filters. Pure."""

from __future__ import annotations

import re
from typing import Any

_NUMBER = r"\s*([+-]?\d{1,3}(?:\.\d+)?)\s*"
_PLACE = re.compile(f"{_NUMBER},{_NUMBER}")
_NEAR = re.compile(rf"{_NUMBER},{_NUMBER},\s*(\d+(?:\.\d+)?)\s*(km|m|mi|nmi)\s*")
#: Half the way around the Earth: farther away is nothing.
_FARTHEST = {"km": 20_100.0, "m": 20_100_000.0, "mi": 12_500.0, "nmi": 10_900.0}


def read_place(value: Any) -> str:
    """``52.5,13.4`` as the server takes it. Raises ValueError, whose text goes on after "is"."""
    match = _PLACE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("no place (latitude,longitude in degrees, like 52.5,13.4)")
    return ",".join(map(str, _checked(match[1], match[2])))


def read_near(text: str) -> dict[str, Any]:
    """``52.5,13.4,5km`` as the values of a ``geo_distance`` clause. Raises ValueError as ``read_place``."""
    match = _NEAR.fullmatch(text)
    if match is None:
        raise ValueError("no place and distance (latitude,longitude,distance, like 52.5,13.4,5km; km, m, mi or nmi)")
    latitude, longitude = _checked(match[1], match[2])
    if not 0 < float(match[3]) <= _FARTHEST[match[4]]:
        raise ValueError(f"no distance on Earth (more than 0 and at most {_FARTHEST[match[4]]:,.0f} {match[4]})")
    return {"lat": latitude, "lon": longitude, "distance": f"{match[3]}{match[4]}"}


def _checked(latitude: str, longitude: str) -> tuple[float, float]:
    if abs(float(latitude)) > 90 or abs(float(longitude)) > 180:
        raise ValueError("no place on Earth (latitude -90 to 90, then longitude -180 to 180)")
    return float(latitude), float(longitude)
