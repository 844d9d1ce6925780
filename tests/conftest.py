"""What tests of several folders ask for."""

import signal
import socket
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings


def pytest_configure() -> None:
    """A busy machine is no fault of a property; and programs that tests start hear the signals that tests send.

    These are ignored where a shell or nohup does so for us.
    """
    settings.register_profile("bakec", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("bakec")
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
