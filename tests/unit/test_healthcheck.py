"""How a container asks after ``clipseek serve``."""

from __future__ import annotations

import runpy

import pytest

from tests.shipped import ROOT

PORT_OF = runpy.run_path(str(ROOT / "docker" / "healthcheck.py"))["port_of"]


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("python clipseek serve --index icons", "8642"),
        ("python clipseek serve --port 8700 --index icons", "8700"),
        ("python clipseek serve --index icons --port=8700", "8700"),
    ],
)
def test_the_port_that_serve_was_given(line: str, port: str) -> None:
    assert PORT_OF(line.split()) == port
