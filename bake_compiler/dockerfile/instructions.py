"""Text → instructions: the one place where bakec meets e2b-dockerfile-utils, a port of BuildKit's Dockerfile parser.

Source: BuildKit, frontend/dockerfile/parser (parser.go, directives.go) and frontend/dockerfile/shell (lex.go).
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from e2b_dockerfile_utils import DockerfileAst

_DIRECTIVE = re.compile(r"#[ \t]*(syntax|escape|check)[ \t]*=[ \t]*(\S+)[^\n]*(?:\n|\Z)", re.IGNORECASE)
_SHEBANG = re.compile("\ufeff?(?:#!.*\n)?")


class DockerfileError(ValueError):
    """A text that is no Dockerfile.

    Args:
        line: where, counted from 1.
        message: what is wrong there, in BuildKit's words where it has some.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


def read_instructions(text: str) -> "DockerfileAst":
    """The instructions of a Dockerfile with their flags, words, heredocs and lines.

    Raises:
        DockerfileError: an unknown instruction, a heredoc without an end, and whatever else BuildKit can't read.
    """
    from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast  # noqa: PLC0415 - 5 ms that --help needs not

    try:
        return parse_dockerfile_ast(text)
    except DockerfileSyntaxError as error:
        raise DockerfileError(error.line or 1, str(error).partition(": ")[2]) from None
    except RecursionError:
        raise DockerfileError(1, "a JSON form is nested too deep") from None


def syntax_of(text: str) -> str:
    """The frontend that `# syntax=` names in the first lines; empty when none does."""
    start = _SHEBANG.match(text)
    position = start.end() if start else 0
    while directive := _DIRECTIVE.match(text, position):
        if directive[1].lower() == "syntax":
            return directive[2]
        position = directive.end()
    return ""


def expand(word: str, escape: str = "\\", values: Mapping[str, str] | None = None) -> str:
    """A word without its quotes and escapes, and with these values; a variable that has none stays as it is written.

    A word that the lexer can't read (`${`) stays too: only the build tells whether it is ever read.
    """
    if not (escape in word or '"' in word or "'" in word or (values and "$" in word)):
        return word
    from e2b_dockerfile_utils import ShellLex  # noqa: PLC0415 - 5 ms

    try:
        return ShellLex(escape, env=values).process_word(word)
    except ValueError:
        return word
