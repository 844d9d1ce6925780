"""Caches in registries that a build would read: whether they are there. A build goes well without them, and slowly."""

from bake_compiler.errors import AccessError, NotFoundError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.verbs.doctor.checks.check import Check, good, note, unknown


async def check_cache(registry: Registry, ref: str) -> Check:
    """Whether a cache can be read.

    Args:
        registry: is asked.
        ref: of the cache, as the models say it.
    """
    subject = f"cache {ref}"
    try:
        reference = Reference.parse(ref)
        await registry.manifest(reference if reference.digest else reference.tagged(reference.tag or "latest"))
    except NotFoundError:
        return note(subject, "is not there yet", "the first build with `cache_to` writes it")
    except AccessError as error:
        return note(subject, error.message, error.hint)
    except (RegistryError, ValueError) as error:
        return unknown(subject, str(error))
    return good(subject, "can be read")
