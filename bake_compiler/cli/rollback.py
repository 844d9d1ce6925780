"""bakec rollback: puts every public tag of a release back."""

from typing import Annotated

from bake_compiler.cli.options import Insecure, ProjectDir, json_option
from bake_compiler.cli.release import Named, of_release, print_status


def rollback(
    release: Named = "last",
    insecure: Insecure = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("rollback")] = False,
) -> None:
    """Put every tag of a release back to its old image.

    If all tags are back, nothing changes. If someone else has moved a tag meanwhile, nothing is written. A tag that did
    not exist before stays, and bakec prints its name. Registries delete by digest, and other tags may need the same
    image.

    Examples:
      bakec rollback
      bakec rollback 20261124T19
      bakec rollback --json
    """
    from bake_compiler.verbs.rollback.run import roll_back_release  # noqa: PLC0415

    print_status(of_release(release, insecure, project, roll_back_release), as_json=as_json)
