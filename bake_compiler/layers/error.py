"""What is wrong with a layer itself, whatever it holds."""

from enum import StrEnum


class LayerCode(StrEnum):
    """Why a layer can't be read to its end; each is the code of a finding."""

    UNREADABLE = "layer-unreadable"
    UNSAFE = "layer-unsafe"
    OVER_LIMIT = "over-limit"


class LayerError(Exception):
    """A layer that is not read further.

    Args:
        code: what kind of fault it is.
        message: what is wrong, for a person.
    """

    def __init__(self, code: LayerCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unreadable(message: str) -> LayerError:
    """The layer breaks its own format."""
    return LayerError(LayerCode.UNREADABLE, message)


def unsafe(message: str) -> LayerError:
    """The layer reaches out of the root file system."""
    return LayerError(LayerCode.UNSAFE, message)


def over_limit(message: str) -> LayerError:
    """The layer is larger than anyone means it to be."""
    return LayerError(LayerCode.OVER_LIMIT, message)
