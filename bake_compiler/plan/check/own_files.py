"""Whether a copy of the project's root takes along what bakec writes there, and each run changes."""

import posixpath
import re
from collections.abc import Iterator
from functools import cache

from bake_compiler.dockerfile import Ignore, parse_ignore
from bake_compiler.dockerfile.instructions import read_instructions
from bake_compiler.dockerfile.stages import Copy

_KEPT = (
    ".bakec/compile.json",
    ".bakec/timings.json",
    ".bakec/runs/RUN/run.json",
    ".bakec/runs/RUN/journal.jsonl",
    ".bakec/runs/RUN/IMAGE.log",
)
_STARS = re.compile(r"\*{2,}")
_EXCLUDE = "--exclude="

ignore_of = cache(parse_ignore)


def sources_with_own_files(copy: Copy, dockerfile: str, dockerignore: str) -> Iterator[str]:
    """The sources of a COPY or ADD from the project's root that hold files of bakec's own.

    Args:
        copy: the instruction.
        dockerfile: the text that it is in.
        dockerignore: the text of the .dockerignore that holds for it; empty where there is none.
    """
    sent = [file for file in _KEPT if not ignore_of(dockerignore).patterns.matches(file)]
    if sent and copy.literal:
        excludes = _excludes(copy, dockerfile)
        yield from (source for source in copy.sources if any(_takes(source, file, excludes) for file in sent))


def line_against(dockerignore: str) -> str:
    """The line that keeps them out at the end of a .dockerignore.

    What a `!**/*.log` brings back, the folder's name alone does not keep out.
    """
    return ".bakec/**" if "!" in dockerignore else ".bakec"


def _takes(source: str, file: str, excludes: Ignore) -> bool:
    """Whether a source holds a file of the context.

    Source: tonistiigi/fsutil, copy/copy.go: a wildcard is Go's filepath.Match, where `*` matches a leading dot too and
    `**` is `*`; else it is what it is in a .dockerignore. An `--exclude` counts from what the source matches.
    """
    pattern = _STARS.sub("*", posixpath.normpath(f"/./{source}")[1:])
    depth = pattern.count("/") + 1 if pattern else 0
    taken = not pattern or ignore_of(f"/{pattern}").patterns.matches(file)
    return taken and not excludes.patterns.matches("/".join(file.split("/")[depth:]))


def _excludes(copy: Copy, dockerfile: str) -> Ignore:
    here = (each for each in read_instructions(dockerfile).instructions if each.start_line == copy.line)
    flags = (flag for each in here for flag in each.flags if flag.startswith(_EXCLUDE))
    return ignore_of("\n".join(flag.removeprefix(_EXCLUDE) for flag in flags))
