"""What the entry point makes of signals and of errors."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import click
import pytest
from clipseek.cli.main import Interrupts, main, root


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_an_interrupt_and_is_remembered(how: signal.Signals) -> None:
    interrupts = Interrupts()
    assert not interrupts.seen
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), how)
    assert interrupts.seen


def test_an_interrupt_that_came_back_as_an_error_is_still_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when the signal falls into the loading of an extension module."""

    @click.command()
    def load() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            raise SystemError("initialization failed") from None

    monkeypatch.setattr("sys.argv", ["clipseek", "load"])
    monkeypatch.setattr(root, "get_command", lambda context, name: load)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "clipseek: interrupted; run the same command again to go on\n"
