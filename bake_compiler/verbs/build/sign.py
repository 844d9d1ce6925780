"""Signs verified digests: each digest is signed once by a key, and the registry must then show the signature."""

import asyncio
from collections.abc import Mapping

from bake_compiler.cosign import Cosign, environment_of
from bake_compiler.errors import BakecError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.system.tasks import together
from bake_compiler.verbs.edges import Edges

AT_ONCE = 4


def signer(edges: Edges, key: str, config: str) -> Cosign | None:
    """Return the signer for a key, with cosign's file if there is one; None without a key."""
    return Cosign(edges.runner, environment_of(edges.environ, key), edges.root, key, config) if key else None


async def sign_all(registry: Registry, cosign: Cosign, wanted: Mapping[Reference, str]) -> None:
    """Sign every reference that the key has not signed yet.

    Args:
        registry: the client of the registries with the manifests.
        cosign: the signer.
        wanted: reference with its digest → the image's name, for errors.

    Raises:
        RegistryError: a reference could not be signed, or the registry does not show its signature.
        PreflightError: cosign or the key does not exist any more.
    """
    public_key = await cosign.check()
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(ref: Reference, name: str) -> None:
        async with slots:
            try:
                await _sign(registry, cosign, public_key, ref)
            except RegistryError as error:
                raise RegistryError(f"{name}: {error.message}", hint=error.hint) from error

    async with together() as group:
        for ref, name in wanted.items():
            group.create_task(one(ref, name))


async def _sign(registry: Registry, cosign: Cosign, public_key: str, ref: Reference) -> None:
    plain = registry.is_plain(ref.registry)
    before = await _signatures(registry, ref)
    if before and not cosign.is_keyless and await cosign.is_signed(ref, public_key, plain=plain):
        return
    await cosign.sign(ref, plain=plain)
    if cosign.is_keyless:  # only the person who verifies knows which identity to expect
        signed = bool(await _signatures(registry, ref) - before)
    else:
        signed = await cosign.is_signed(ref, public_key, plain=plain)
    if not signed:
        raise RegistryError(
            f"{ref} was signed, but the registry shows no such signature",
            hint="does it keep what refers to an image (OCI 1.1 referrers)? see docs/signing.md",
        )


async def _signatures(registry: Registry, ref: Reference) -> frozenset[str]:
    """Return the digests of the referrers of a manifest."""
    if ref.digest is None:
        raise BakecError(f"{ref} has no digest to sign")
    return frozenset(str(entry.digest) for entry in await registry.referrers(ref, ref.digest))
