"""Faults of a layer itself, independent of the files in it."""

from enum import StrEnum


class LayerCode(StrEnum):
    """Why a layer can't be read to its end. Each value is the code of a finding."""

    UNREADABLE = "layer-unreadable"
    UNSAFE = "layer-unsafe"
    OVER_LIMIT = "over-limit"


class LayerError(Exception):
    """A layer can't be read further.

    Args:
        code: the kind of fault.
        message: the fault, for a person.
    """

    def __init__(self, code: LayerCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unreadable(message: str) -> LayerError:
    """Return the error for a layer that breaks its own format."""
    return LayerError(LayerCode.UNREADABLE, message)


def unsafe(message: str) -> LayerError:
    """Return the error for a layer with a path outside of the root file system."""
    return LayerError(LayerCode.UNSAFE, message)


def over_limit(message: str) -> LayerError:
    """Return the error for a layer beyond bakec's limits."""
    return LayerError(LayerCode.OVER_LIMIT, message)
