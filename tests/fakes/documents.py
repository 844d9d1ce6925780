"""What a document is held against: the JSON Schema that stands in the docs, closed to fields that it does not name."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from bake_compiler.cli.documents import DOCUMENTS

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "json"


def closed(schema: Any) -> Any:
    """The same schema, in which an object has no other fields: bakec writes what it documents, and nothing else."""
    match schema:
        case dict():
            more = {"additionalProperties": False} if "properties" in schema else {}
            return {name: closed(value) for name, value in schema.items()} | more
        case list():
            return [closed(value) for value in schema]
        case _:
            return schema


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of a document, by its name: `plan` of bakec.plan/1."""
    text = (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(closed(json.loads(text)))


def document_in(text: str) -> dict[str, Any]:
    """The one document that a text is, as its JSON Schema has it.

    Raises:
        ValueError: the text is no JSON, or is more than one document.
        ValidationError: the document is not as its schema says.
    """
    document: dict[str, Any] = json.loads(text)
    if document["schema"] not in {each.schema for each in DOCUMENTS}:
        raise ValueError(f"no document is called {document['schema']}")
    validator(document["schema"].removeprefix("bakec.").partition("/")[0]).validate(document)
    return document
