"""The corpus asked of BuildKit itself: it resolves, for an outline and without running anything, what bakec found."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bake_compiler.oci.digest import Digest
from tests.fakes.corpus import CASES, PIN, REGISTRY, Case

pytestmark = pytest.mark.docker

ASKED = [case for case in CASES if case.engine]
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
_IMAGE = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": str(Digest.of(_CONFIG)),
            "size": len(_CONFIG),
        },
        "layers": [],
    }
).encode()
_LOADED = re.compile(r'\[(?:[^]]*internal|context [^]]*)\] load metadata for ([^\s"]+)')


def push(registry: str, name: str) -> None:
    """An image with nothing in it, under a name."""
    repository, _, tag = name.partition("@")[0].partition(":")
    url = f"http://{registry}/v2/{repository}"
    started = httpx.post(f"{url}/blobs/uploads/")
    where = started.request.url.join(started.headers["Location"])
    httpx.put(where.copy_merge_params({"digest": str(Digest.of(_CONFIG))}), content=_CONFIG).raise_for_status()
    headers = {"Content-Type": _MANIFEST}
    httpx.put(f"{url}/manifests/{tag or 'latest'}", content=_IMAGE, headers=headers).raise_for_status()


def resolved(folder: Path, registry: str, case: Case) -> set[str]:
    """The images whose configs BuildKit asks for, to tell of the Dockerfile."""
    text = case.path.read_bytes().replace(REGISTRY.encode(), registry.encode())
    folder.mkdir()
    (folder / "Dockerfile").write_bytes(text.replace(PIN.encode(), str(Digest.of(_IMAGE)).encode()))
    words = [f"--target={case.stage}"] if case.stage else []
    words += [f"--build-arg={name}={value}" for name, value in case.args.items() if value]
    words += [
        f"--build-context={name}=docker-image://{image.replace(REGISTRY, registry)}"
        for name, image in case.contexts.items()
    ]
    argv = ["docker", "buildx", "build", "--call=outline", "--progress=rawjson", *words, str(folder)]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return {name.replace(f"{registry}/", f"{REGISTRY}/") for name in _LOADED.findall(ended.stderr)}


@pytest.fixture(scope="module")
def told(registry: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str] | AssertionError]:
    """What BuildKit resolves for each of the corpus, several asked at once."""
    for name in {base.rpartition(" ")[2].removeprefix(f"{REGISTRY}/") for case in ASKED for base in case.bases}:
        push(registry, name)
    root = tmp_path_factory.mktemp("corpus")

    def ask(case: Case) -> set[str] | AssertionError:
        try:
            return resolved(root / case.name, registry, case)
        except AssertionError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        return dict(zip((case.name for case in ASKED), pool.map(ask, ASKED), strict=True))


@pytest.mark.parametrize("case", ASKED, ids=lambda case: case.name)
def test_buildkit_takes_what_bakec_finds(told: dict[str, set[str] | AssertionError], case: Case) -> None:
    names = {base.rpartition(" ")[2].replace(PIN, str(Digest.of(_IMAGE))) for base in case.bases}

    assert told[case.name] == names
