"""What was promised of one image: the side of a check that comes from the models."""

from dataclasses import dataclass

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference


@dataclass(frozen=True)
class Promise:
    """One image as it must be in the registry.

    Attributes:
        image: its name, for the findings.
        reference: where it must be.
        platforms: exactly those that it must run on.
        digest: what this run has pushed; None when any content will do.
    """

    image: str
    reference: Reference
    platforms: tuple[Platform, ...]
    digest: Digest | None = None
