"""A report of `bakec build --json` read again: what a release was, to hold the registry against."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from bake_compiler.errors import UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.verify import Promise


class _Cell(BaseModel):
    platform: str


class _Image(BaseModel):
    name: str
    reference: str
    tags: tuple[str, ...] = ()
    digest: str
    cells: tuple[_Cell, ...] = Field(min_length=1)


class _Release(BaseModel):
    schema_: Literal["bakec.report/1"] = Field(alias="schema")
    published: bool | None
    images: tuple[_Image, ...] = Field(min_length=1)


def read_release(path: Path) -> Sequence[tuple[Promise, tuple[Reference, ...]]]:
    """What each image of a release must be, and its other tags.

    Raises:
        UsageError: no such file, or not the report of a build that has published every image.
    """
    try:
        release = _Release.model_validate_json(path.read_bytes())
        if not release.published:
            raise ValueError("this build has not published its tags")  # noqa: TRY301 - told as all that is wrong with it
        return [_promised(image, path.name) for image in release.images]
    except OSError as error:
        raise UsageError(f"--release: {path}: {error.strerror}", hint="name a file that exists") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        why = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise UsageError(f"--release: {path}: {why}", hint=_HINT) from error
    except ValueError as error:
        raise UsageError(f"--release: {path}: {error}", hint=_HINT) from error


_HINT = "write it with `bakec build all --json >release.json`, and keep it when that ends with 0"


def _promised(image: _Image, source: str) -> tuple[Promise, tuple[Reference, ...]]:
    platforms = tuple(Platform.parse(cell.platform) for cell in image.cells)
    promise = Promise(image.name, Reference.parse(image.reference), platforms, Digest.parse(image.digest), source)
    return promise, tuple(map(Reference.parse, image.tags))
