from __future__ import annotations

from fractions import Fraction

import pytest
from clipseek.opensearch.values.numbers import exact, is_beyond, read_number
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("640", 640),
        (" -1.5e3 ", -1500),
        ("+.5", 0.5),
        ("5.", 5),
        ("1e400", None),
        ("-1e400", None),
        (1e300, 1e300),
        ("-0", 0),
        (-0.0, 0),
        ("0.1", 0.1),
        ("١٢", 12),
        (9007199254740991, 9007199254740991),
        ("-9007199254740991", -9007199254740991),
        ("9007199254740992.5", 9007199254740992.0),  # measured, not counted
        ("1e20", 1e20),
        ("000000000000000000007", 7),
    ],
)
def test_what_is_read(written: str | float, number: float | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match=r"^no number$"):
            read_number(written)
        return
    read = read_number(written)
    assert read == number
    assert str(read) != "-0.0"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "1_000",
        "1,5",
        "5d",
        "5f",
        "0x10",
        "nan",
        "inf",
        "Infinity",
        "1 2",
        "1e",
        "--1",
        float("nan"),
        float("inf"),
        True,
    ],
)
def test_what_is_no_number(written: str | float) -> None:
    """The server takes some of these: 5d, 5f and 0x10 are numbers in Java."""
    with pytest.raises(ValueError, match=r"^no number$"):
        read_number(written)


@pytest.mark.parametrize("written", [2**53, -(2**53), "9007199254740993", "-1234567890123456789", "9" * 5000, 10**400])
def test_whole_numbers_that_doubles_do_not_tell_apart(written: str | int) -> None:
    with pytest.raises(ValueError, match=r"^beyond 2\^53"):
        read_number(written)


@given(st.integers(-(2**60), 2**60))
def test_the_limit_is_where_doubles_leave_numbers_out(number: int) -> None:
    assert is_beyond(str(number)) == (abs(number) > 2**53 - 1)
    if not is_beyond(str(number)):
        assert read_number(str(number)) == number
        assert float(number) not in (float(number + 1), float(number - 1))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_exact_is_exact(number: float) -> None:
    assert Fraction(exact(repr(number))) == Fraction(repr(number))
    if not is_beyond(repr(number)):
        assert read_number(repr(number)) == number
