import base64
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.errors import AccessError
from bake_compiler.registry.credentials import Credential, DockerConfig, real_helper

pytestmark = pytest.mark.anyio

ME = Credential("me", "pass:word")


class FakeHelper:
    """A store of credential helpers: (name, server) → what is printed."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, name: str, server: str) -> tuple[int, str]:
        self.asked.append((name, server))
        if name not in self.answers:
            return 1, "credentials not found in native keychain\n"
        return 0, self.answers[name]


def auth(pair: str) -> dict[str, str]:
    return {"auth": base64.b64encode(pair.encode()).decode()}


def config(tmp_path: Path, document: object, helper: FakeHelper | None = None) -> DockerConfig:
    file = tmp_path / "config.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return DockerConfig(file, helper or FakeHelper())


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://registry.test:5000/v2/", "registry.test:5000"),
        ("http://127.0.0.1:5000", "127.0.0.1:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
    ],
)
async def test_a_login_is_found_under_each_way_to_write_a_registry(tmp_path: Path, key: str, registry: str) -> None:
    found = config(tmp_path, {"auths": {"other.test": auth("you:x"), key: auth("me:pass:word")}})

    assert await found.find(registry) == ME
    assert await found.find("elsewhere.test") is None


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({}, None),
        ({"auth": ""}, None),
        ({"username": "me", "password": "pass:word"}, ME),
        ({"identitytoken": "t", **auth("me:")}, Credential("", "", "t")),
        (auth("me:pass:word\0\0"), ME),
        ({"email": "me@x.test", **auth("me:pass:word")}, ME),
    ],
)
async def test_an_entry_may_be_written_in_several_ways(
    tmp_path: Path, entry: dict[str, str], found: Credential | None
) -> None:
    assert await config(tmp_path, {"auths": {"ghcr.io": entry}}).find("ghcr.io") == found


async def test_without_a_file_there_are_no_credentials(tmp_path: Path) -> None:
    assert await DockerConfig(tmp_path / "config.json", FakeHelper()).find("ghcr.io") is None


@pytest.mark.parametrize("document", [{}, {"auths": None, "credHelpers": None}, {"HttpHeaders": {"x": "y"}}])
async def test_a_file_without_logins_has_none(tmp_path: Path, document: object) -> None:
    assert await config(tmp_path, document).find("ghcr.io") is None


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("{", "json_invalid"),
        ("[]", "model_type"),
        ({"auths": []}, "auths: dict_type"),
        ({"auths": {"ghcr.io": {"auth": "secret!"}}}, "the entry of ghcr.io is damaged"),
        ({"auths": {"ghcr.io": {"auth": "c2VjcmV0"}}}, "the entry of ghcr.io is damaged"),
        ({"auths": {"ghcr.io": {"auth": ["secret"]}}}, "auths.ghcr.io.auth: string_type"),
        ({"credsStore": "../secret"}, "is not the name of a credential helper"),
    ],
)
async def test_a_damaged_file_is_no_access_and_its_secrets_are_not_told(
    tmp_path: Path, document: object, text: str
) -> None:
    with pytest.raises(AccessError) as caught:
        await config(tmp_path, document).find("ghcr.io")

    assert str(tmp_path / "config.json") in caught.value.message
    assert text in caught.value.message
    assert "docker login" in caught.value.hint
    assert "c2VjcmV0" not in caught.value.message
    assert caught.value.message.count("secret") == str(document).count("../secret")


async def test_a_file_that_cannot_be_read_is_no_access(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()

    with pytest.raises(AccessError, match="Is a directory"):
        await DockerConfig(tmp_path / "config.json", FakeHelper()).find("ghcr.io")


HELPED = {"credsStore": "all", "credHelpers": {"ghcr.io": "own", "https://index.docker.io/v1/": "hub"}}
SAID = json.dumps({"ServerURL": "x", "Username": "me", "Secret": "pass:word"})


@pytest.mark.parametrize(
    ("registry", "asked"),
    [
        ("ghcr.io", ("own", "ghcr.io")),
        ("docker.io", ("hub", "https://index.docker.io/v1/")),
        ("other.test:5000", ("all", "other.test:5000")),
    ],
)
async def test_the_helper_of_the_registry_goes_before_the_store(
    tmp_path: Path, registry: str, asked: tuple[str, str]
) -> None:
    helper = FakeHelper(own=SAID, hub=SAID, all=SAID)

    assert await config(tmp_path, HELPED, helper).find(registry) == ME
    assert helper.asked == [asked]


async def test_what_no_helper_knows_may_be_in_the_file(tmp_path: Path) -> None:
    helper = FakeHelper()
    found = config(tmp_path, {**HELPED, "auths": {"ghcr.io": auth("me:pass:word"), "other.test": {}}}, helper)

    assert await found.find("ghcr.io") == ME
    assert await found.find("other.test") is None


async def test_a_helper_may_keep_an_identity_token(tmp_path: Path) -> None:
    helper = FakeHelper(own=json.dumps({"Username": "<token>", "Secret": "t"}))

    assert await config(tmp_path, HELPED, helper).find("ghcr.io") == Credential("", "", "t")


async def test_a_helper_may_know_of_nobody(tmp_path: Path) -> None:
    helper = FakeHelper(own=json.dumps({"Username": "", "Secret": ""}))

    assert await config(tmp_path, HELPED, helper).find("ghcr.io") is None


@pytest.mark.parametrize("said", ["", "locked, secret", "[]", '{"Username": "me"}', "[" * 50_000])
async def test_a_helper_that_says_nothing_sound_is_no_access(tmp_path: Path, said: str) -> None:
    with pytest.raises(AccessError, match="docker-credential-own returns no credentials for ghcr") as caught:
        await config(tmp_path, HELPED, FakeHelper(own=said)).find("ghcr.io")

    assert "docker-credential-own get" in caught.value.hint
    assert "secret" not in caught.value.message


@given(
    st.text()
    | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_no_file_is_too_odd(document: object) -> None:
    from bake_compiler.registry.credentials import _Config  # noqa: PLC0415

    text = document if isinstance(document, str) else json.dumps({"auths": document, "credHelpers": document})
    try:
        _Config.model_validate_json(text)
    except ValueError:
        return


def program(directory: Path, name: str, script: str) -> dict[str, str]:
    file = directory / f"docker-credential-{name}"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{directory}:{os.environ['PATH']}", "STORE": "pass:word"}


async def test_a_real_helper_gets_the_server_on_stdin_and_the_environment(tmp_path: Path) -> None:
    script = 'read -r server; echo "{\\"Username\\": \\"$1 $server\\", \\"Secret\\": \\"$STORE\\"}"; echo noise >&2'
    environ = program(tmp_path, "own", script)

    status, text = await real_helper(environ)("own", "ghcr.io")

    assert (status, json.loads(text)) == (0, {"Username": "get ghcr.io", "Secret": "pass:word"})


async def test_a_helper_that_is_not_there_is_no_access() -> None:
    with pytest.raises(AccessError, match="docker-credential-nowhere can't be started: No such file"):
        await real_helper({"PATH": "/nowhere"})("nowhere", "ghcr.io")


async def test_a_helper_that_hangs_is_ended(tmp_path: Path) -> None:
    environ = program(tmp_path, "slow", "exec sleep 600")

    with pytest.raises(AccessError, match=r"docker-credential-slow does not answer within 0\.05 s"):
        await real_helper(environ, seconds=0.05)("slow", "ghcr.io")
