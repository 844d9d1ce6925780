"""What tests of several folders ask for."""

import signal
import socket
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest


def pytest_configure() -> None:
    """Programs that tests start hear the signals that tests send, also where a shell or nohup ignores these for us."""
    for sign, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(sign) is signal.SIG_IGN:
            signal.signal(sign, handler)


@pytest.fixture
def ssh_agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A socket where buildx looks for an agent before it prints a target with `ssh`."""
    with TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as agent:
        agent.bind(f"{directory}/agent")
        monkeypatch.setenv("SSH_AUTH_SOCK", f"{directory}/agent")
        yield
