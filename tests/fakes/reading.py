"""A bake file as the real buildx reads it: the plugin itself, which needs no engine to print."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bake_compiler.bakefile import meaning
from bake_compiler.buildx import print_command
from bake_compiler.plan import Plan
from bake_compiler.plan.variables import given_value as typed
from bake_compiler.system import process

BUILDX = {"oldest": ((0, 13), "BAKEC_BUILDX_OLDEST"), "newest": ((99, 0), "BAKEC_BUILDX_NEWEST")}


def difference(plan: Plan, text: str, directory: Path, which: str, change: Mapping[str, str]) -> tuple[str, ...]:
    """Where the file differs from its plan, by one buildx and with some variables overridden."""
    version, variable = BUILDX[which]
    (directory / "docker-bake.hcl").write_text(text, encoding="utf-8")
    env = {**process.scrubbed(os.environ), **change}
    names = [image.name for image in plan.images] + [group.name for group in plan.groups]
    command = print_command(directory, "docker-bake.hcl", env, names, (os.environ[variable],))
    done = subprocess.run(command.argv, cwd=directory, env=dict(command.env), capture_output=True, check=False)
    if done.returncode:
        return (done.stderr.decode(errors="replace"),)
    printed: dict[str, Any] = json.loads(done.stdout)
    declared = {each.name: each for each in plan.variables}
    values = {name: typed(declared[name], value) for name, value in change.items()}
    return meaning.compare_meaning(plan, printed, {**plan.defaults, **values}, version).differences
