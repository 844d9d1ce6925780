"""What bakec promote has verified and moved."""

from dataclasses import dataclass

from bake_compiler.release import Move
from bake_compiler.report import Report


@dataclass(frozen=True)
class Promoted:
    """The result of a promotion.

    Attributes:
        report: what the registry has of each image, by its digest.
        moves: each new tag with its old and its new manifest; empty if the report is not good.
    """

    report: Report
    moves: tuple[Move, ...] = ()
