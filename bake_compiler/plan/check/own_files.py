"""Whether a COPY of the project's root contains the files that bakec writes there. Each run changes them."""

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
    """Yield the sources of a COPY or ADD from the project's root that contain bakec's own files.

    Args:
        copy: the instruction.
        dockerfile: the text of its Dockerfile.
        dockerignore: the text of the .dockerignore that applies. Empty if there is none.
    """
    sent = [file for file in _KEPT if not ignore_of(dockerignore).patterns.matches(file)]
    if sent and copy.literal:
        excludes = _excludes(copy, dockerfile)
        yield from (source for source in copy.sources if any(_takes(source, file, excludes) for file in sent))


def line_against(dockerignore: str) -> str:
    """The line at the end of a .dockerignore that excludes bakec's own files.

    If a line such as `!**/*.log` includes files again, the folder's name alone does not exclude them.
    """
    return ".bakec/**" if "!" in dockerignore else ".bakec"


def _takes(source: str, file: str, excludes: Ignore) -> bool:
    """Whether a source contains a file of the context.

    A wildcard is Go's filepath.Match: `*` also matches a leading dot, and `**` is `*`. Other patterns are as in a
    .dockerignore. An `--exclude` counts from what the source matches.

    Source: tonistiigi/fsutil, copy/copy.go.
    """
    pattern = _STARS.sub("*", posixpath.normpath(f"/./{source}")[1:])
    depth = pattern.count("/") + 1 if pattern else 0
    taken = not pattern or ignore_of(f"/{pattern}").patterns.matches(file)
    return taken and not excludes.patterns.matches("/".join(file.split("/")[depth:]))


def _excludes(copy: Copy, dockerfile: str) -> Ignore:
    here = (each for each in read_instructions(dockerfile).instructions if each.start_line == copy.line)
    flags = (flag for each in here for flag in each.flags if flag.startswith(_EXCLUDE))
    return ignore_of("\n".join(flag.removeprefix(_EXCLUDE) for flag in flags))
