"""What tests of several folders ask for."""

import signal
import socket
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no fault of a property. `./dev unit` takes the profile `quick`: fewer examples of each.
settings.register_profile("bakec", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("bakec"), max_examples=25)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the number of examples; and let programs that tests start hear the signals that tests send.

    A shell or nohup may have set these signals to be ignored.
    """
    settings.load_profile(config.getoption("--hypothesis-profile") or "bakec")
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
