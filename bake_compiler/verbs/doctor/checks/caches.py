"""The caches in registries that a build would read. Without them, a build succeeds, but takes longer."""

import asyncio

from bake_compiler.errors import AccessError, NotFoundError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.lines import csv_fields
from bake_compiler.registry import Registry
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, good, note, unknown


async def check_caches(facts: Facts) -> tuple[CheckResult, ...]:
    """Return a result for each cache in a registry that the build would read."""
    build = facts.build
    lines = {line for image in build.images for line in _texts(build.attributes(image).get("cache-from"))}
    caches = [csv_fields("cache-from", line) for line in sorted(lines)]
    refs = sorted({each["ref"] for each in caches if each.get("type", "registry") == "registry" and "ref" in each})
    return tuple(await asyncio.gather(*(_check(build.edges.registry, ref) for ref in refs)))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, tuple) else ()


async def _check(registry: Registry, ref: str) -> CheckResult:
    """Return whether a cache can be read.

    Args:
        registry: the client of the registry.
        ref: the cache's reference, as in the models.
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
