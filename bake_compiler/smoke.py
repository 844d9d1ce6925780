"""Verified digest → a container on each platform that runs the image's smoke command and names its machine."""

from collections.abc import Mapping
from pathlib import Path

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.plan import PlannedImage
from bake_compiler.process import Command, Runner, output_of
from bake_compiler.verify import Finding

_TAIL = 5


def smoke_command(
    image: PlannedImage, at: Reference, platform: Platform, env: Mapping[str, str], root: Path
) -> Command:
    """The `docker run` of an image's smoke command on one platform."""
    entrypoint, *arguments = image.smoke
    argv = ("docker", "run", "--rm", "--quiet", "--pull=always", f"--platform={platform}", f"--entrypoint={entrypoint}")
    return Command((*argv, str(at), *arguments), env, root)


async def run_smoke(runner: Runner, command: Command, image: str, platform: Platform) -> tuple[Finding, ...]:
    """Run it; a finding when it fails or does not name the platform's machine."""
    status, output = await output_of(runner, command)
    tail = " / ".join(output.split("\n")[-_TAIL:])
    if status:
        return (Finding(image, platform, "smoke-failed", f"{command}: exit status {status}: {tail}"),)
    if platform.machine not in output.split():
        return (Finding(image, platform, "smoke-machine", f"{command}: no word {platform.machine!r} in: {tail}"),)
    return ()
