"""Pins of a release, in formats that deployment tools read.

Source: Compose file reference (services, image); Kustomize's images field; YAML 1.2.2, "Double-Quoted Style".
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from bake_compiler.errors import UsageError
from bake_compiler.release_file.file import ReleasedImage, ReleaseFile


def export_release(release: ReleaseFile, form: str) -> str:
    """The pins of all images of a release, in one of FORMATS, ending in a newline.

    Raises:
        UsageError: two images would have the same name in this format.
    """
    return "".join(f"{line}\n" for line in FORMATS[form](release))


# Characters that YAML requires to be escaped and JSON does not: unprintable ones (YAML 1.2.2, 5.1), and line breaks.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def quoted(text: str) -> str:
    """The text as a double-quoted YAML scalar. Every YAML reader reads exactly this text from it."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _compose(release: ReleaseFile) -> Iterator[str]:
    """An override file for Compose. Its services have the images' names, and their images are pinned."""
    yield "services:"
    for image in release.images:
        yield f"  {quoted(image.name)}:"
        yield f"    image: {quoted(image.pin)}"


def _kustomize(release: ReleaseFile) -> Iterator[str]:
    """A component, for `components:` of a kustomization.

    A kustomization can't use the images of a second kustomization.

    Manifests may name an image by its name, or by its repository if no other image is in it. Both are pinned.
    """
    shared = Counter(image.repository for image in release.images)
    yield "apiVersion: kustomize.config.k8s.io/v1alpha1"
    yield "kind: Component"
    yield "images:"
    for image in release.images:
        yield f"  - name: {quoted(image.name)}"
        yield f"    newName: {quoted(image.repository)}"
        yield f"    digest: {quoted(str(image.digest))}"
        if shared[image.repository] == 1:
            yield f"  - name: {quoted(image.repository)}"
            yield f"    digest: {quoted(str(image.digest))}"


def _helm(release: ReleaseFile) -> Iterator[str]:
    """Helm values. The digest decides which image is used; the tag is for people."""
    for image in release.images:
        yield f"{quoted(image.name)}:"
        yield "  image:"
        yield f"    repository: {quoted(image.repository)}"
        yield f"    digest: {quoted(str(image.digest))}"
        yield f"    tag: {quoted(image.tags[0].tag)}"


def _env(release: ReleaseFile) -> Iterator[str]:
    taken: dict[str, ReleasedImage] = {}
    for image in release.images:
        variable = variable_of(image.name)
        if variable in taken:
            raise UsageError(
                f"{taken[variable].name} and {image.name} would both be {variable}",
                hint="use another --format, or rename one of the images",
            )
        taken[variable] = image
    for variable, image in taken.items():
        yield f"{variable}={image.pin}"


def variable_of(name: str) -> str:
    """The environment variable for an image, such as `WEB_UI_IMAGE` for `web-ui`."""
    letters = re.sub(r"[^A-Z0-9]", "_", name.upper())
    return f"{'_' if letters[:1].isdigit() else ''}{letters}_IMAGE"


FORMATS: Mapping[str, Callable[[ReleaseFile], Iterator[str]]] = {
    "compose": _compose,
    "kustomize": _kustomize,
    "helm": _helm,
    "env": _env,
}
"""Format of `bakec release export` → the function that makes its lines."""
