"""The paths that a .dockerignore keeps out of the build context.

Source: Docker's build context manual, ".dockerignore files"; moby/patternmatcher, of which e2b-dockerfile-utils has a
port. These are not gitignore's rules: `foo` and `*.log` match at the root alone, and a trailing slash means nothing.
"""

import posixpath
import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from e2b_dockerfile_utils import PatternMatcher

_WILDCARD = re.compile(r"[*?\[\\]")
_NARROW = re.compile(r"[?\[\\]")


@dataclass(frozen=True)
class Ignore:
    """The patterns of a .dockerignore.

    Attributes:
        patterns: all patterns.
        broad: the patterns whose only wildcard is `*`. If such a pattern matches the text of a source with wildcards,
            it matches every path that the source matches. `?` or `[*]` would match the `*` itself.
    """

    patterns: "PatternMatcher"
    broad: "PatternMatcher"

    def excludes(self, path: str) -> bool:
        """Whether a COPY of this source is certain to find nothing.

        Args:
            path: a file, directory or wildcard of the build context, as COPY has it.

        Returns:
            True only when the patterns exclude the path and no `!` pattern could bring back anything under it.
        """
        source = posixpath.normpath(f"/./{path}")[1:] or "*"
        parts = source.split("/")
        known = list(takewhile(lambda part: not _WILDCARD.search(part), parts))
        if known and self._excludes_all("/".join(known)):
            return True
        return known != parts and self._excludes_wildcard(source)

    def _excludes_all(self, path: str) -> bool:
        return self.patterns.matches(path) and not self.patterns.may_match_under(path)

    def _excludes_wildcard(self, source: str) -> bool:
        patterns = self.patterns.patterns
        if any(pattern.startswith("!") for pattern in patterns):
            return False
        return source in patterns or ("**" not in source and self.broad.matches(source))


def parse_ignore(text: str) -> Ignore:
    """Read a .dockerignore. If moby refuses a pattern, the result excludes nothing: BuildKit then refuses the build."""
    from e2b_dockerfile_utils import PatternMatcher  # noqa: PLC0415 - 5 ms

    try:
        patterns = PatternMatcher(text.removeprefix("\ufeff").split("\n"))
    except ValueError:
        patterns = PatternMatcher([])
    return Ignore(patterns, PatternMatcher([each for each in patterns.patterns if not _NARROW.search(each)]))
