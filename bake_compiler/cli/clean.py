"""bakec clean: content tags that nobody needs any more, and old journals of releases."""

import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import (
    Insecure,
    ProjectDir,
    Registry,
    Selectors,
    Tag,
    Variables,
    json_option,
    root_of,
    select_wanted,
)
from bake_compiler.cli.output import error_text, print_document, print_text
from bake_compiler.errors import Interrupted, RegistryError, UsageError

if TYPE_CHECKING:
    from bake_compiler.oci.reference import Reference
    from bake_compiler.verbs.clean.result import Cleaned, Tidied

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def clean(
    selectors: Selectors = None,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Not used for this time: 90m, 12h, 7d, 4w.")
    ] = "",
    staged: Annotated[
        bool, typer.Option("--staged", help="Content tags in the selected images' repositories.")
    ] = False,
    journals: Annotated[bool, typer.Option("--journals", help="Journals of releases that have ended.")] = False,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove; without it, bakec only prints what it would remove.")
    ] = False,
    tag: Tag = "",
    registry: Registry = "",
    variables: Variables = None,
    insecure: Insecure = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("clean")] = False,
) -> None:
    """List or remove unused content tags and old journals.

    bakec never removes a manifest that a tag or an index still needs, an image that was used since, or an image of
    unknown age. Without selectors, it cleans the repositories of all images. A release without its journal can't be
    rolled back.

    Examples:
      bakec clean --staged --older-than 7d
      bakec clean --staged --older-than 7d backend --delete --json
      bakec clean --journals --older-than 90d --delete
    """
    from bake_compiler.verbs.clean.journals import judge_journals, remove_journals  # noqa: PLC0415
    from bake_compiler.verbs.clean.result import Cleaned  # noqa: PLC0415
    from bake_compiler.verbs.clean.show import cleaned_document, render_cleaned  # noqa: PLC0415

    root, now = root_of(project), time.time()
    before = now - parse_age(older_than)
    repositories = _repositories(root, selectors, registry, tag, variables) if staged else {}
    gone = (remove_journals if delete else judge_journals)(root, before) if journals else ()
    cleaned = _clean(root, repositories, before, gone, insecure, delete=delete) if staged else Cleaned(delete)
    cleaned = replace(cleaned, journals=gone)
    if as_json:
        print_document(cleaned_document(cleaned))
    else:
        print_text(render_cleaned(cleaned, now))
    for error in cleaned.errors.values():
        sys.stderr.write(error_text(error))
    sys.exit(RegistryError.exit_code if cleaned.errors else 0)


def parse_age(text: str) -> float:
    """Return the seconds of a text such as `7d`.

    Raises:
        UsageError: the text is not an age.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhdw])", text)
    if not match:
        raise UsageError(f"--older-than: {text!r} is no age", hint="write a number of s, m, h, d or w, such as 7d")
    return float(match[1]) * _SECONDS[match[2]]


def _repositories(
    root: Path, selectors: list[str] | None, registry: str, tag: str, variables: list[str] | None
) -> "Mapping[Reference, frozenset[str]]":
    from bake_compiler.plan.select import ALL  # noqa: PLC0415
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415
    from bake_compiler.verbs.clean.run import repositories_of  # noqa: PLC0415

    plan = plan_project(root)
    names = [ALL, *(image.name for image in plan.images if image.variant)]
    every = select_wanted(plan, names, None, registry, tag, variables)
    return repositories_of(select_wanted(plan, selectors or names, None, registry, tag, variables), every)


def _clean(
    root: Path,
    repositories: "Mapping[Reference, frozenset[str]]",
    before: float,
    journals: "Sequence[Tidied]",
    insecure: list[str] | None,
    *,
    delete: bool,
) -> "Cleaned":
    from bake_compiler.staged import TagFate  # noqa: PLC0415
    from bake_compiler.verbs.clean.memory import remembered  # noqa: PLC0415
    from bake_compiler.verbs.clean.run import Cleaning  # noqa: PLC0415

    memory = remembered(root, {each.name for each in journals if each.fate is TagFate.GOES})

    async def work() -> "Cleaned":
        async with edges(root, insecure) as real:
            return await Cleaning(real.registry, memory, before, delete).run(repositories)

    try:
        return run_async(work)
    except KeyboardInterrupt as error:
        said = "some of what could go may be gone" if delete else "nothing was removed"
        raise Interrupted(f"interrupted: {said}", hint="run it again: it goes on where it was") from error
