"""What tests of several folders ask for."""

import socket
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def ssh_agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A socket where buildx looks for an agent before it prints a target with `ssh`."""
    with TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as agent:
        agent.bind(f"{directory}/agent")
        monkeypatch.setenv("SSH_AUTH_SOCK", f"{directory}/agent")
        yield
