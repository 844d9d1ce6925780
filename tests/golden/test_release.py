"""The documents of a release, byte for byte; `./dev golden` writes them anew and `git diff` reviews them."""

from pathlib import Path

import pytest

from bake_compiler.document import document_text
from bake_compiler.release_file import render_release_file
from bake_compiler.release_file.diff import diff_document, diff_releases
from bake_compiler.release_file.export import export_release
from bake_compiler.release_file.show import render_diff
from tests.fakes.documents import document_in
from tests.golden.test_golden import REWRITE
from tests.unit.release_file.test_diff import AFTER, BEFORE

HERE = Path(__file__).parent / "release"
DIFFERENCE = diff_releases(BEFORE, AFTER)
DOCUMENTS = {
    "release.json": render_release_file(AFTER),
    "diff.txt": render_diff(DIFFERENCE),
    "diff.json": document_text(diff_document(DIFFERENCE)),
    "compose.yml": export_release(AFTER, "compose"),
    "kustomization.yml": export_release(AFTER, "kustomize"),
    "values.yml": export_release(AFTER, "helm"),
    "release.env": export_release(AFTER, "env"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_of_a_release_are_those_beside_it(name: str) -> None:
    if REWRITE:
        (HERE / name).write_text(DOCUMENTS[name], encoding="utf-8")
    assert (HERE / name).read_text(encoding="utf-8") == DOCUMENTS[name]


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.endswith(".json")])
def test_what_is_json_is_as_its_json_schema_says(name: str) -> None:
    assert document_in(DOCUMENTS[name])["schema"].startswith("bakec.release")
