"""What the entry point makes of signals and of errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from clipseek.cli.main import COMMANDS, Interrupts, main, root

from tests.shipped import TUNED


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


def clipseek(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run with a stdout that nobody reads any more, as behind ``| head -0``. ``code`` runs before."""
    program = (
        f"import sys\nfrom clipseek.cli.main import main, root\nsys.argv[1:] = {list(arguments)!r}\n{code}\nmain()\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-c", program]
        return subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    finally:
        os.close(writer)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_a_closed_pipe_ends_every_help_quietly(name: str) -> None:
    done = clipseek(*([name] if name else []), "--help")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_pipe_ends_a_command_quietly() -> None:
    done = clipseek("bundle", "inspect", str(TUNED))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_pipe_that_is_met_at_shutdown_is_as_quiet() -> None:
    """What a library prints is still buffered when the command ends."""
    code = "import click\nroot.get_command = lambda *_: click.Command('x', callback=lambda: print('buffered'))"
    done = clipseek("x", code=code)
    assert (done.returncode, done.stderr) == (0, "")
    both = clipseek("x", code=code.replace("print('buffered')", "click.echo('1') or click.echo('2', err=True)"))
    assert (both.returncode, both.stderr) == (0, "")


def test_the_exit_code_of_a_command_is_kept() -> None:
    code = "import click\n@click.pass_context\ndef leave(context): context.exit(3)\n"
    done = clipseek("x", code=code + "root.get_command = lambda *_: click.Command('x', callback=leave)")
    assert done.returncode == 3
