"""Pushes a made image over HTTP, so that any registry can be filled: the fake one and a real one."""

import httpx

from bake_compiler.oci.digest import Digest
from tests.fakes.images import Made


async def upload(http: httpx.AsyncClient, registry: str, name: str, tag: str, made: Made) -> None:
    """Push an image with all that it needs; `registry` is a URL without a path."""
    for child in (*made.children, *made.beside):
        await upload(http, registry, name, str(child.digest), child)
    for blob in made.blobs:
        await upload_blob(http, registry, name, blob)
    answer = await http.put(
        f"{registry}/v2/{name}/manifests/{tag}",
        content=made.content,
        headers={"Content-Type": made.media_type},
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["Docker-Content-Digest"] == str(made.digest)


async def upload_blob(http: httpx.AsyncClient, registry: str, name: str, content: bytes) -> None:
    """Push a blob: start an upload, then send all of it at once."""
    started = await http.post(f"{registry}/v2/{name}/blobs/uploads/")
    assert started.status_code == 202, started.text
    where = started.request.url.join(started.headers["Location"])
    finished = await http.put(where.copy_merge_params({"digest": str(Digest.of(content))}), content=content)
    assert finished.status_code == 201, finished.text
