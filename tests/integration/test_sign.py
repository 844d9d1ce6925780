"""Signatures by the real cosign, in the real registry."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from sandbox import cosign
from sandbox.state import State
from tests.integration.conftest import Stack

pytestmark = pytest.mark.docker

CHECKOUT = Path(__file__).parents[2]
WORD = "p-7f3a91c2"  # of the key
# Neither a transparency log nor time stamps: what a team without a way to the Internet gives.
CONFIG = '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}'
HTTP = "--allow-http-registry=true"


@pytest.fixture(scope="session")
def program() -> Path:
    return cosign.program(State.of(CHECKOUT))


@pytest.fixture
def signing(stack: Stack, program: Path) -> dict[str, str]:
    """The environment of a bakec that signs, with a pair of keys in the project."""
    (stack.root / "config.json").write_text(CONFIG)
    path = os.pathsep.join((str(program.parent), os.environ["PATH"]))
    env = {"PATH": path, "COSIGN_PASSWORD": WORD, "HOME": str(stack.root)}
    argv = (str(program), "generate-key-pair")
    subprocess.run(argv, cwd=stack.root, env={**os.environ, **env}, check=True, capture_output=True)
    return env


def is_signed(stack: Stack, program: Path, image: str) -> bool:
    argv = [str(program), "verify", "--key=cosign.pub", "--insecure-ignore-tlog=true", HTTP]
    name = f"{stack.registry}/{stack.root.name}/{image}"
    done = subprocess.run([*argv, name], cwd=stack.root, check=False, capture_output=True)
    return done.returncode == 0


def test_what_is_published_is_signed_and_stays_so_when_it_is_promoted(
    stack: Stack, signing: dict[str, str], program: Path
) -> None:
    words = ("build", "hub", "--sign", "cosign.key", "--signing-config", "config.json", "--release-file", "rc.json")
    assert stack.bakec("compile").status == 0

    ended = stack.bakec(*words, env=signing)

    assert ended.status == 0, ended.err
    assert "signing 1 image" in ended.err
    assert is_signed(stack, program, "hub:v1")
    assert stack.bakec("promote", "rc.json", "--tag", "v2").status == 0
    assert is_signed(stack, program, "hub:v2")
    assert stack.bakec("verify", "--release", "rc.json").status == 0
    assert WORD not in ended.err + "".join(
        path.read_text() for path in (stack.root / ".bakec").rglob("*") if path.is_file()
    )


def test_a_wrong_password_ends_a_build_before_it_begins(stack: Stack, signing: dict[str, str]) -> None:
    assert stack.bakec("compile").status == 0

    ended = stack.bakec("build", "hub", "--sign", "cosign.key", env={**signing, "COSIGN_PASSWORD": "wrong"})

    assert ended.status == 7, ended.err
    assert "error: cosign: --sign" in ended.err
    assert "COSIGN_PASSWORD" in ended.err
    assert stack.manifest("hub").status_code == 404


def test_what_can_not_be_logged_as_asked_is_not_published(stack: Stack, signing: dict[str, str]) -> None:
    nowhere = '"rekorTlogUrls":[{"url":"http://127.0.0.1:1","majorApiVersion":1,"validFor":{"start":"2020-01-01T00:00:00Z"},"operator":"nobody"}],'
    (stack.root / "config.json").write_text(
        CONFIG.replace('"rekorTlogConfig":{}', f'{nowhere}"rekorTlogConfig":{{"selector":"ANY"}}')
    )
    assert stack.bakec("compile").status == 0

    ended = stack.bakec("build", "hub", "--sign", "cosign.key", "--signing-config", "config.json", env=signing)

    assert ended.status == 5, ended.err
    assert "no public tag was moved: hub: " in ended.err + ended.out
    assert stack.manifest("hub").status_code == 404


@pytest.mark.parametrize("form", ["true", "false"])
def test_attestations_have_the_form_that_a_registry_takes(stack: Stack, form: str) -> None:
    output = f'[Output(type="image", options={{"oci-artifact": "{form}"}})]'
    stack.component("hub", "FROM busybox:stable\n", 'Image(name="hub")', output=output)
    source = stack.root / "components/hub/component.py"
    source.write_text(source.read_text().replace("Image, Only", "Image, Only, Output"))

    ended = stack.build("hub")

    assert ended.status == 0, ended.err
    index = stack.manifest("hub").json()
    attestation = next(each for each in index["manifests"] if each["platform"]["os"] == "unknown")
    types = {"Accept": attestation["mediaType"]}
    url = f"http://{stack.registry}/v2/{stack.root.name}/hub/manifests/{attestation['digest']}"
    manifest = httpx.get(url, headers=types).raise_for_status().json()
    assert ("subject" in manifest, "artifactType" in manifest) == (form == "true", form == "true")
    assert stack.bakec("verify", "hub").status == 0
