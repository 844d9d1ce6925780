"""The parser of vertex names: `[web linux/arm64 build 3/5] RUN make`.

Source: BuildKit's frontend/dockerfile/dockerfile2llb (`prefixCommand`) and buildx's util/progress (`WithPrefix`).
"""

import re
from dataclasses import dataclass

from bake_compiler.buildx.fault import without_secrets
from bake_compiler.oci.platform import Platform


@dataclass(frozen=True, slots=True)
class VertexName:
    """The parts of a vertex's name.

    Attributes:
        words: the operation, in one line.
        platform: the platform of the result: `linux/amd64->arm64` is a cross-build for `linux/arm64`.
        stage: the stage of the Dockerfile. A stage of another target has that target before it: `base/build`.
        counts: whether a person would count the vertex as a step: an instruction, a transfer, an export; not internal
            work.
        exports: whether the vertex has parts that may take long: layers, manifests.
    """

    words: str
    platform: Platform | None = None
    stage: str = ""
    counts: bool = True
    exports: bool = False


def read_name(text: str, target: str = "") -> VertexName:
    """Return the parts of a vertex's name. Any text is accepted.

    Args:
        text: the name.
        target: the target that is built. buildx writes target names if it builds several, for a `target:` context.
    """
    text = _CONTROLS.sub(" ", without_secrets(text))
    bracket = _BRACKET.match(text)
    if bracket is None:
        return VertexName(text, exports=text.startswith(_EXPORTS))
    words, places = text[bracket.end() :], bracket[1].split()
    platform = next((found for found in map(_platform, places) if found), None)
    if places and _NUMBER.fullmatch(places[-1]):
        stage = [place for place in places[:-1] if "/" not in place]
        return VertexName(words, platform, "/".join(stage[1:] if stage[1:] and stage[0] == target else stage))
    exports = words.startswith(_EXPORTS)
    return VertexName(words, platform, counts=exports or words.startswith("load build context"), exports=exports)


def read_part(text: str) -> VertexName:
    """Return the name of a part of an export, with a short digest."""
    return VertexName(_DIGEST.sub(r"\1…", _CONTROLS.sub(" ", without_secrets(text))), counts=False)


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BRACKET = re.compile(r"\[([^\]]{0,1000})\] ?")
_NUMBER = re.compile(r"\d+/\d+")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_EXPORTS = ("exporting ", "pushing ", "importing to ", "sending tarball", "copying files")


def _platform(place: str) -> Platform | None:
    if "/" not in place or _NUMBER.fullmatch(place):
        return None
    try:
        return Platform.parse(place.rpartition("->")[2])
    except ValueError:
        return None
