"""Three sizes of one suite: ``make test-unit``, ``make test`` and, with ``--soak``, everything at full size."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.sizes import SOAK_VARIABLE, soaking

_BEGAN = time.monotonic()
#: What a node started as root can get to, as it could not into pytest's own.
_FOLDER = Path(
    "/var/tmp" if os.path.isdir("/var/tmp") else tempfile.gettempdir(), f"clipseek-tests-{os.getpid()}-{time.time_ns()}"
)

# The same examples every time in ``make test``: what fails there fails again. ``make soak`` draws new ones.
# How long an example takes is the machine's matter: a busy one fails no test.
settings.register_profile(
    "test", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("soak", print_blob=True, max_examples=2_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="everything at full size; also by CLIPSEEK_SOAK=1")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--soak"):
        os.environ[SOAK_VARIABLE] = "1"  # before the test modules are imported, which read it
    # Nothing of the tests is in this user's folders, and a node that runs or died there is none of theirs.
    _FOLDER.mkdir(mode=0o755)
    os.environ["CLIPSEEK_DATA"] = str(_FOLDER)
    settings.load_profile("soak" if soaking() else "test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked ``soak`` run in a soak, or where ``-m`` speaks of them."""
    if soaking() or "soak" in (config.option.markexpr or ""):
        return
    left = [item for item in items if item.get_closest_marker("soak")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


def pytest_unconfigure() -> None:
    shutil.rmtree(_FOLDER, ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After a soak, the line for docs/log."""
    if not soaking():
        return
    counts = {name: len(terminalreporter.getreports(name)) for name in ("passed", "failed", "skipped")}
    seconds = time.monotonic() - _BEGAN
    day, load = time.strftime("%Y-%m-%d", time.gmtime()), os.getloadavg()[0]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    terminalreporter.write_sep("=", "for docs/log")
    terminalreporter.write_line(f"| {day} | make soak | {told} | {seconds / 60:.1f} minutes | {machine} |")
