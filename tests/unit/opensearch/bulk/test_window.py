from __future__ import annotations

from clipseek.opensearch.bulk.window import LEAST_BYTES, MOST_BYTES, Window


def test_it_grows_while_the_server_takes_all_and_halves_when_it_is_busy() -> None:
    window = Window()
    began = (window.limit, window.bytes)
    window.answered()
    window.answered()
    assert window.limit == 4  # at first with every answer
    for _ in range(100):
        window.answered()
    assert (window.limit, window.bytes) == (4, MOST_BYTES)
    assert window.limit > began[0]
    window.busy()
    assert (window.limit, window.bytes) == (2, MOST_BYTES // 2)
    for _ in range(20):
        window.busy()
    assert (window.limit, window.bytes) == (1, LEAST_BYTES)
    window.answered()
    assert window.limit == 2
    window.answered()
    assert window.limit == 2  # afterwards once for each bulk under way
    window.answered()
    assert window.limit == 3
