"""Reads release files that a person names. Errors name the file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bake_compiler.errors import UsageError
from bake_compiler.release_file import ReleaseFile, read_release_file
from bake_compiler.release_file.of_report import Promised, read_promises

_T = TypeVar("_T")
_HINT = "write it with `bakec build all --release-file release.json`, and keep it when that ends with 0"


def load_release(path: Path) -> ReleaseFile:
    """Return the release in a file.

    Raises:
        UsageError: the file does not exist or is not a release file; the message has the place of the mistake.
    """
    return _load(path, read_release_file)


def load_promises(path: Path) -> Sequence[Promised]:
    """Return the promise for each image of a release, with its tags. The file is a release file or a build's report.

    Raises:
        UsageError: the file does not exist, or is not a release file, or is a report of a build that did not publish
            every image.
    """
    return _load(path, lambda content: read_promises(content, path.name), "--release: ")


def _load(path: Path, read: Callable[[bytes], _T], option: str = "") -> _T:
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{option}{path}: {error.strerror}", hint="name a file that exists") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        why = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise UsageError(f"{option}{path}: {why}", hint=_HINT) from error
    except ValueError as error:
        raise UsageError(f"{option}{path}: {error}", hint=_HINT) from error
