"""`./dev bench --prove`: generated projects, read by the oldest and the newest buildx, at defaults and overridden."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from bake_compiler.bakefile.render import render
from bake_compiler.plan import make_plan
from bake_compiler.project.files import template
from tests.fakes.projects import Generated, projects
from tests.fakes.reading import BUILDX, difference

ROOT = Path(__file__).parent.parent
SHOWN = 20


@dataclass
class Count:
    """What was seen."""

    projects: int = 0
    images: int = 0
    strings: int = 0
    prints: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def strings_in(value: Any) -> int:
    """How many texts of an author are in a structure of values."""
    match value:
        case str():
            return 1
        case Mapping():
            return sum(map(strings_in, value.values()))
        case tuple() | list():
            return sum(map(strings_in, value))
        case _:
            return sum(map(strings_in, getattr(value, "parts", ())))


def prove(examples: int, number: int) -> Count:
    """Generate projects and hold what each buildx reads in their files against their plans."""
    count = Count()
    wording = template(ROOT)

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(projects())
    def run(generated: Generated) -> None:
        plan = make_plan(generated.stack)
        text = render(plan, wording)
        count.projects += 1
        count.images += len(plan.images)
        count.strings += sum(strings_in(image.block.attributes) + 1 for image in plan.images)
        count.strings += sum(map(strings_in, (plan.common.attributes, [each.default for each in plan.variables])))
        with TemporaryDirectory() as directory:
            for which, (version, _) in BUILDX.items():
                if plan.oldest_buildx > version:
                    continue
                for change in ({}, generated.overrides):
                    count.prints[which] = count.prints.get(which, 0) + 1
                    for found in difference(plan, text, Path(directory), which, change):
                        if len(count.failures) < SHOWN:
                            count.failures.append(f"{which} {change}: {found[:600]}")

    run()
    return count


def main(examples: int) -> None:
    """Print the counts; exit 1 when a file did not mean its plan."""
    begin = time.perf_counter()
    count = prove(examples, int(time.time()))
    print(f"{count.projects} projects, {count.images} images, {count.strings} texts of authors")
    for which, prints in count.prints.items():
        told = subprocess.run([os.environ[BUILDX[which][1]], "version"], capture_output=True, text=True, check=True)
        print(f"  {prints} times read by {told.stdout.strip()}")
    print(f"  {len(count.failures)} differences, {time.perf_counter() - begin:.0f} s")
    print("".join(f"  {failure}\n" for failure in count.failures), end="")
    sys.exit(bool(count.failures))
