"""What bakec promote has verified and moved."""

from dataclasses import dataclass

from bake_compiler.release import Move
from bake_compiler.report import Report


@dataclass(frozen=True)
class Promoted:
    """What a promotion came to.

    Attributes:
        report: what the registry has of each image, by its digest, whatever its tags name now.
        moves: each new tag, what it named before and what it is to name; none when the report is not good.
    """

    report: Report
    moves: tuple[Move, ...] = ()
