from __future__ import annotations

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.query.fields import indexed_field
from clipseek.opensearch.query.filters import parse_filters
from clipseek.opensearch.values.places import read_near, read_place


def test_a_place() -> None:
    assert read_place(" 52.5, -13.4 ") == "52.5,-13.4"
    for wrong in ("Berlin", "52.5", "91,0", "0,181", "", 52.5, None):
        with pytest.raises(ValueError, match="no place"):
            read_place(wrong)


def test_a_filter_around_a_place() -> None:
    assert parse_filters(["place=52.5,13.4,5km"], {"place": "place"}) == [
        {"geo_distance": {"distance": "5km", "metadata.place": {"lat": 52.5, "lon": 13.4}}}
    ]
    (clause,) = parse_filters(["place!=52.5,13.4,5km"], {"place": "place"})
    assert "geo_distance" in clause["bool"]["must_not"][0]


@pytest.mark.parametrize(
    "text", ["Berlin", "52.5,13.4", "52.5,13.4,5", "52.5,13.4,-1km", "52.5,13.4,0km", "91,0,5km", "0,0,99999km"]
)
def test_what_is_no_place_and_distance(text: str) -> None:
    with pytest.raises(ValueError, match="no "):
        read_near(text)
    with pytest.raises(InvalidOption, match=r"write one like place=52\.5,13\.4,5km"):
        parse_filters([f"place={text}"], {"place": "place"})


def test_places_have_no_order_and_are_not_counted() -> None:
    with pytest.raises(InvalidOption, match="no order"):
        parse_filters(["place>=52.5,13.4,5km"], {"place": "place"})
    for purpose in ("facet", "sort"):
        with pytest.raises(InvalidOption, match="holds places; filter by it"):
            indexed_field("place", {"place": "place"}, purpose)
    with pytest.raises(InvalidOption, match="'place' is not indexed here"):
        parse_filters(["place=52.5,13.4,5km"], {})
