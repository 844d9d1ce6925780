"""Lines of CSV: the form of caches, outputs, secrets and attestations that every buildx reads."""

import csv
from collections.abc import Sequence

from bake_compiler.model.settings import Pairs
from bake_compiler.model.values import Join, Value, joined


def csv_line(pairs: Pairs) -> Value:
    """Return one line for Go's encoding/csv, with the pairs as `key=value` fields."""
    parts: list[Value] = []
    for number, (key, value) in enumerate(pairs):
        parts += [","] if number else []
        parts += _field([f"{key}=", *(value.parts if isinstance(value, Join) else (value,))])
    return joined(*parts)


def csv_fields(attribute: str, line: str) -> dict[str, str]:
    """Return the fields of one line of an attribute. Short forms are expanded.

    Raises:
        ValueError: the text is not one line of CSV.
    """
    if "=" not in line:
        short = {"output": {"type": "local", "dest": line}, "secret": {"id": line}, "attest": {"type": line}}
        return short.get(attribute, {"type": "registry", "ref": line})
    try:
        (fields,) = csv.reader([line], strict=True)
    except csv.Error as error:
        raise ValueError(f"{line!r} is not a line of CSV: {error}") from error
    return {key.lower(): value for key, _, value in (field.partition("=") for field in fields)}


def _field(parts: Sequence[Value]) -> list[Value]:
    texts = [part for part in parts if isinstance(part, str)]
    if not any(char in text for text in texts for char in ',"\r\n') and not texts[0].startswith((" ", "\t")):
        return list(parts)
    return ['"', *(part.replace('"', '""') if isinstance(part, str) else part for part in parts), '"']
