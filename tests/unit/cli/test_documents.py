"""The table of documents, against the code, the types and the command line."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from bake_compiler.cli import documents
from bake_compiler.cli.app import VERBS, make_app
from bake_compiler.cli.documents import DOCUMENTS, EVERY, INTERNAL, Document, json_help

ROOT = Path(__file__).parents[3]
CODE = ROOT / "bake_compiler"
_SCHEMA = re.compile(r'"(bakec\.[a-z-]+/[0-9]+)"')


LISTS = """\
import sys
from bake_compiler.cli import main
sys.argv = ["bakec", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
sys.stderr.write("\\n".join(sys.modules))
"""


@pytest.mark.parametrize("words", [("--version",), ("compile", "--check", "--by", "bytes")])
def test_what_prints_no_document_loads_no_document_types(words: tuple[str, ...]) -> None:
    argv = [sys.executable, "-c", LISTS, *words]
    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)

    loaded = set(ended.stderr.splitlines())
    assert "bake_compiler.cli.documents" in loaded
    assert loaded.isdisjoint({"bake_compiler.document", *(f"bake_compiler.{each.module}" for each in DOCUMENTS)})


def leaves() -> Iterator[tuple[str, Any]]:
    """Each verb that a person can type, with its command."""
    commands = typer.main.get_command(make_app()).commands  # type: ignore[attr-defined]
    for verb in VERBS:
        own = getattr(commands[verb], "commands", None)
        yield from ((f"{verb} {name}", command) for name, command in own.items()) if own else [(verb, commands[verb])]


def test_every_schema_in_the_code_is_in_the_table_and_every_one_of_the_table_is_in_the_code() -> None:
    files = (path for path in CODE.rglob("*.py") if path != Path(documents.__file__))
    written = {schema for path in files for schema in _SCHEMA.findall(path.read_text(encoding="utf-8"))}

    assert written == {each.schema for each in DOCUMENTS} | INTERNAL


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.schema)
def test_the_type_of_a_document_has_its_id(document: Document) -> None:
    kind = (get_args(document.kind) or (document.kind,))[0]  # of the events the first one has it
    annotation = kind.__annotations__.get("schema") or kind.__annotations__["schema_"]

    assert document.schema in str(annotation)


def test_every_verb_has_json_and_says_which_documents_it_prints() -> None:
    printing = {verb for each in DOCUMENTS for verb in each.printed_by} - {EVERY}
    helps = {
        verb: parameter.help for verb, command in leaves() for parameter in command.params if "--json" in parameter.opts
    }

    assert set(helps) == {verb for verb, _ in leaves()} == printing
    assert helps == {verb: json_help(verb) for verb in printing}
    assert helps["plan"] == "Print bakec.plan/1; bakec.why/1 with --why; bakec.emulation/1 with --emulation."
