"""External images, read as `bakec mirror` reads them. Nothing is copied."""

import asyncio
from collections.abc import Iterable
from itertools import chain

from bake_compiler.bases.registry import see
from bake_compiler.errors import AccessError, NotFoundError, RegistryError
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan import PlannedExternal
from bake_compiler.registry import Registry
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good, unknown

_ELSEWHERE = "say images={…} if it is kept elsewhere, or platforms=Only(…) with the reason"


async def check_externals(facts: Facts) -> tuple[CheckResult, ...]:
    """Return a result for each external image that `bakec mirror` would copy."""
    registry, externals = facts.build.edges.registry, facts.build.externals
    return tuple(chain(*await asyncio.gather(*(_check(registry, each) for each in externals))))


async def _check(registry: Registry, external: PlannedExternal) -> tuple[CheckResult, ...]:
    """Return whether each of the vendor's references has the wanted platforms."""
    subject = f"external {external.name}"
    return tuple(await asyncio.gather(*(_check_place(registry, subject, *taken) for taken in external.taken)))


async def _check_place(registry: Registry, subject: str, place: Reference, wanted: Iterable[Platform]) -> CheckResult:
    try:
        seen = await see(registry, place)
    except NotFoundError:
        return bad(subject, f"there is no image {place}", "fix the name")
    except AccessError as error:
        return bad(subject, error.message, error.hint)
    except RegistryError as error:
        return unknown(subject, error.message, error.hint)
    has, lacking = _listed(seen.platforms), set(wanted) - set(seen.platforms)
    if lacking:
        return bad(subject, f"{place} has no {_listed(lacking)}, but {has}", _ELSEWHERE)
    return good(subject, f"{place} has {has}")


def _listed(platforms: Iterable[Platform]) -> str:
    return ", ".join(map(str, sorted(platforms)))
