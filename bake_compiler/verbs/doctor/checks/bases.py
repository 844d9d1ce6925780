"""The base images exist, and for the wanted platforms."""

from collections.abc import AsyncIterator
from itertools import groupby

from bake_compiler.bases.builder import known_of, why_not
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good, unknown

_SUBJECT = "base images"
_MEND = "fix the name, choose another base, or say `platforms=Only(…)` with the reason"


async def check_bases(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether images can be built from their bases, according to the builder and the bases' registries."""
    return tuple([each async for each in _results(facts)])


async def _results(facts: Facts) -> AsyncIterator[CheckResult]:
    known, seen = await facts.bases, await facts.seen
    bases, made = await facts.wanted_bases(), await facts.made
    told = {base: why_not(base, bases[base], known.absent.get(base), seen.get(base.name)) for base in bases}
    wrong = {base: told[base] for base in sorted(told) if told[base]}
    there = known.digests.keys() - wrong.keys()
    for name, uses in groupby(sorted(there), key=lambda base: base.name):
        yield good(_SUBJECT, known_of(tuple(uses), seen.get(name)))
    if missing := sorted({base.name for base in bases.keys() - there - wrong.keys()}):
        yield unknown(_SUBJECT, f"the builder does not tell of {', '.join(missing)}")
    if not bases:
        yield good(_SUBJECT, "none is taken from elsewhere")
    for base, why in wrong.items():
        for image, of in made.items():
            if base in of.places:
                component = facts.build.plan.image(image).component
                yield bad(_SUBJECT, f"{image} (component {component}), {of.places[base]}: {why}", _MEND)
