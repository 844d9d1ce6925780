"""Adds pins to a plan: each base that the lock has gets a named context with its digest, and comes from its mirror.

No Dockerfile is edited, and `docker buildx bake` by hand uses the same pins.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bake_compiler.errors import Problem
from bake_compiler.model.lock_file import LOCK_FILE, Locked
from bake_compiler.oci.mirrors import mirrored
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.attributes import Attributes, written_order
from bake_compiler.plan.bases import PlanBases, contexts_of, file_of, wanted_platforms
from bake_compiler.plan.contexts import IMAGE
from bake_compiler.plan.origins import Base
from bake_compiler.plan.plan import Plan, PlannedImage

Pins = Mapping[str, str]


def with_pins(plan: Plan, dockerfiles: Mapping[str, str], lock: Mapping[str, Locked] | None) -> Plan:
    """Return the same plan with its bases pinned. Its `unlocked` lists what the lock lacks.

    Args:
        plan: a plan without pins.
        dockerfiles: path from the project's root → text.
        lock: name → its entry in the lock. None if there is no lock; then only mirrors are applied.
    """
    if lock is None and not plan.mirrors:
        return plan
    bases = PlanBases(plan, dockerfiles)
    pins = {image.name: pins_of(plan, bases, image, lock or {}) for image in plan.images}
    blocks = _Blocks(plan, pins)
    return replace(
        plan,
        images=tuple(blocks.pinned(image) for image in plan.images),
        unlocked=tuple(dict.fromkeys(_unlocked(plan, bases, lock))) if lock is not None else (),
    )


def pins_of(plan: Plan, bases: PlanBases, image: PlannedImage, lock: Mapping[str, Locked]) -> Pins:
    """Return the named contexts that pin the bases of an image's Dockerfile. Empty if its contexts are raw HCL."""
    if contexts_of(plan, image) is None:
        return {}
    found = {}
    for base in bases.of[image.name].named:
        own = reference_of(base)
        pin = _pin(own, mirrored(own, plan.mirrors), lock.get(own.familiar)) if own else ""
        if own and pin:
            found[own.familiar] = f"{IMAGE}{pin}"
    return dict(sorted(found.items()))


def reference_of(base: Base) -> Reference | None:
    """A base as a reference, with a tag or a digest. None if BuildKit will refuse the name."""
    try:
        reference = Reference.parse(base.name)
    except ValueError:
        return None
    return reference if reference.tag or reference.digest else reference.tagged("latest")


def _pin(own: Reference, place: Reference, locked: Locked | None) -> str:
    if locked and not own.digest:
        named = str(place) if place != own else _short(own)
        return f"{named}@{locked.digest}"
    return str(place) if place != own else ""


def _short(own: Reference) -> str:
    """The short form that people write, with its tag."""
    return own.familiar if own.tag != "latest" else f"{own.familiar}:latest"


def mirror_of(own: Reference, mirrors: Mapping[str, str]) -> str:
    """The place from which a base comes, if a mirror replaces its own registry. Otherwise empty."""
    place = mirrored(own, mirrors)
    return str(place) if place != own else ""


def _unlocked(plan: Plan, bases: PlanBases, lock: Mapping[str, Locked]) -> Iterator[Problem]:
    for image in plan.images:
        for base, line in bases.of[image.name].bases.items():
            own = reference_of(base) if base in bases.of[image.name].named else None
            if own and not own.digest:
                words = _lacks(plan, image, base, own, lock.get(own.familiar))
                yield from (Problem(file_of(image), line, "", each) for each in words)


def _lacks(plan: Plan, image: PlannedImage, base: Base, own: Reference, locked: Locked | None) -> Iterator[str]:
    if locked is None:
        yield f"{LOCK_FILE} does not have {own.familiar}"
        return
    if locked.mirror != mirror_of(own, plan.mirrors):
        yield f"{LOCK_FILE} takes {own.familiar} from {locked.mirror or own.registry}, the project from another place"
    missing = sorted(set(wanted_platforms(image, base)) - set(locked.platforms))
    if missing:
        yield f"{own.familiar} is locked without {', '.join(map(str, missing))}"


@dataclass(frozen=True)
class _Blocks:
    """The target blocks of a plan, each with the pins of all its images.

    Several images may share one block (a matrix), and a block may inherit another block (a variant).
    """

    plan: Plan
    pins: Mapping[str, Pins]
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for image in self.plan.images:
            self.own.setdefault(image.block.name, {}).update(self.pins[image.name])
            self.parents[image.block.name] = image.block.inherits

    def inherited(self, block: str) -> Pins:
        found: dict[str, str] = {}
        for parent in self.parents[block]:
            if parent in self.parents:
                found |= {**self.inherited(parent), **self.own[parent]}
        return found

    def pinned(self, image: PlannedImage) -> PlannedImage:
        above, own = self.inherited(image.block.name), self.own[image.block.name]
        if not above and not own:
            return image
        new = {name: pin for name, pin in own.items() if above.get(name) != pin}
        return replace(
            image,
            block=replace(image.block, attributes=_under(image.block.attributes, new)),
            attributes=_under(image.attributes, {**above, **own}),
        )


def _under(attributes: Attributes, pins: Pins) -> Attributes:
    """The same attributes with the pins added. If the author has set the same name, the author's value counts."""
    contexts = attributes.get("contexts", {})
    if not pins or not isinstance(contexts, Mapping):
        return attributes
    return written_order({**attributes, "contexts": dict(sorted({**pins, **contexts}.items()))})
