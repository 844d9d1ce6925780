"""Real registries, each with something wrong that doctor tells, and what it tells done."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from pytest_docker.plugin import Services

from tests.fakes.faulty import Ahead, always, faulty, sound
from tests.integration.conftest import Stack, host_of
from tests.integration.doctor.conftest import config, doctor

pytestmark = pytest.mark.docker

AHEAD = 3600  # seconds


def told(stack: Stack, first: str, *others: str, env: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What doctor says of each registry of a project that is pushed to all of them."""
    project = stack.root / "components" / "project.py"
    project.write_text(re.sub(r"platforms=|also=.* platforms=", f"also={others!r}, platforms=", project.read_text()))
    checks = doctor(stack, "--registry", first, env=env)[1]
    return {name.removeprefix("registry "): check for name, check in checks.items() if name.startswith("registry ")}


def log_in(mend: str, env: Mapping[str, str]) -> None:
    """Do what doctor says, as somebody who may push."""
    command = re.search(r"`(docker login [^`]+)`", mend)
    assert command, mend
    words = (*shlex.split(command[1]), "--username", "me", "--password-stdin")
    subprocess.run(words, input="secret", text=True, check=True, capture_output=True, env={**os.environ, **env})


def test_what_is_wrong_with_each_registry_is_told_at_once_and_what_is_told_mends_it(
    bare: Stack, buildx: Path, registries: Services, docker_ip: str, secrets: Path, registry: str
) -> None:
    password, tokens, tls = (host_of(registries, docker_ip, each) for each in ("password", "tokens", "tls"))
    renamed = tls.replace(docker_ip, "localhost")
    reader = {"auths": {tokens: {"username": "reader", "password": "secret"}}}
    env = config(bare, buildx, json.dumps(reader))
    certificates = Path(env["DOCKER_CONFIG"]) / "certs.d"
    for host in (tls, renamed):
        (certificates / host).mkdir(parents=True)
    shutil.copy(secrets / "authority.crt", certificates / renamed / "ca.crt")

    with faulty(registry, always(lambda _: True, Ahead(AHEAD))) as ahead:
        found = told(bare, password, tokens, tls, renamed, ahead.address, env=env)

        assert {host: check["state"] for host, check in found.items()} == dict.fromkeys(
            (password, tokens, tls, renamed, ahead.address), "bad"
        )
        assert "401" in found[password]["found"]
        assert "lack the right" in found[tokens]["mend"]
        assert "no trusted TLS connection (unable to get local issuer certificate)" in found[tls]["found"]
        assert f"certs.d/{tls}/ca.crt" in found[tls]["mend"]
        assert "certificate is not valid for 'localhost'" in found[renamed]["found"]
        assert "name the registry as its certificate does" in found[renamed]["mend"]
        assert re.match(r"its clock is 3\d\d\d s ahead of this machine's", found[ahead.address]["found"])
        assert "timedatectl set-ntp true" in found[ahead.address]["mend"]

        log_in(found[password]["mend"], env)
        log_in(found[tokens]["mend"], env)
        shutil.copy(secrets / "authority.crt", certificates / tls / "ca.crt")
        ahead.rule = sound
        found = told(bare, password, tokens, tls, ahead.address, env=env)

        assert {host for host, check in found.items() if check["state"] != "ok"} == {tls}
        assert f"client.cert and client.key in Docker's certs.d/{tls}" in found[tls]["mend"]

        for name in ("client.cert", "client.key"):
            shutil.copy(secrets / name, certificates / tls)
        found = told(bare, tls, env=env)

        assert found[tls]["state"] == "ok"
