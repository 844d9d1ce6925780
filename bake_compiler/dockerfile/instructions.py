"""Text → instructions. Only this module uses e2b-dockerfile-utils, a port of BuildKit's Dockerfile parser.

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
    """A text that is not a valid Dockerfile.

    Args:
        line: the line of the mistake; the first line is 1.
        message: the mistake, in BuildKit's words if BuildKit has a message.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


def read_instructions(text: str) -> "DockerfileAst":
    """The instructions of a Dockerfile with their flags, words, heredocs and lines.

    Raises:
        DockerfileError: an unknown instruction, a heredoc without an end, or anything else that BuildKit refuses.
    """
    from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast  # noqa: PLC0415 - 5 ms that --help needs not

    try:
        return parse_dockerfile_ast(text)
    except DockerfileSyntaxError as error:
        raise DockerfileError(error.line or 1, str(error).partition(": ")[2]) from None
    except RecursionError:
        raise DockerfileError(1, "a JSON form is nested too deep") from None


def syntax_of(text: str) -> str:
    """Return the frontend that `# syntax=` names in the first lines; empty if there is no such line."""
    start = _SHEBANG.match(text)
    position = start.end() if start else 0
    while directive := _DIRECTIVE.match(text, position):
        if directive[1].lower() == "syntax":
            return directive[2]
        position = directive.end()
    return ""


def expand(word: str, escape: str = "\\", values: Mapping[str, str] | None = None) -> str:
    """Return a word without quotes and escapes, and with these values. A variable without a value stays as written.

    A word that the lexer can't read (`${`) stays too: the build may never use the word.
    """
    if not (escape in word or '"' in word or "'" in word or (values and "$" in word)):
        return word
    from e2b_dockerfile_utils import ShellLex  # noqa: PLC0415 - 5 ms

    try:
        return ShellLex(escape, env=values).process_word(word)
    except ValueError:
        return word
