"""Whole documents, byte for byte; `./dev golden` writes them anew and `git diff` reviews them."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from bake_compiler.bakefile.parse import compare_text
from bake_compiler.document import document_text
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, select
from bake_compiler.plan.attributes import ORDER
from bake_compiler.project.loader import read_inputs
from bake_compiler.project.planned import plan_project, warnings_of
from bake_compiler.verbs.compile.prove import prove
from bake_compiler.verbs.compile.run import compile_plan, stale
from bake_compiler.verbs.plan.show import PlanDocument, plan_document
from tests.fakes.documents import document_in
from tests.fakes.reading import BUILDX

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/components"))
REWRITE = os.environ.get("BAKEC_GOLDEN") == "rewrite"


def document_of(root: Path, plan: Plan) -> PlanDocument:
    """What `bakec plan --json` prints on an amd64 machine."""
    inputs, _ = read_inputs(root, plan)
    warnings = warnings_of(root, plan, inputs)
    return plan_document(plan, select(plan, []), inputs.dockerfiles, Platform.parse("amd64"), warnings=warnings)


@pytest.mark.parametrize("case", CASES)
def test_the_case_compiles_to_the_documents_beside_it(case: str) -> None:
    root = HERE / case
    plan = plan_project(root)
    documents = {
        "docker-bake.hcl": compile_plan(root, plan),
        "plan.json": document_text(document_of(root, plan)),
    }
    document_in(documents["plan.json"])
    for name, text in documents.items():
        if REWRITE:
            (root / name).write_text(text, encoding="utf-8")
        assert (root / name).read_text(encoding="utf-8") == text


def test_the_committed_bake_file_is_what_the_models_say() -> None:
    root = HERE.parents[1]

    assert stale(root, compile_plan(root, plan_project(root))) == ""


def test_the_reference_stack_is_12_components_13_images_26_builds() -> None:
    """Failure 10 and 13: counting 24 is the first mistake that an accounting can make."""
    plan = plan_project(HERE.parents[1])

    assert len({image.component for image in plan.images}) == 12
    assert len(plan.images) == 13
    assert len(select(plan, []).cells) == 26
    assert {image.text("target") for image in plan.images if image.component == "backend"} == {
        "backend",
        "backend-init",
    }


@pytest.mark.buildx
@pytest.mark.usefixtures("ssh_agent")
@pytest.mark.parametrize("which", sorted(BUILDX))
@pytest.mark.parametrize("root", [HERE.parents[1], *(HERE / case for case in CASES)], ids=lambda root: root.name)
def test_buildx_reads_in_the_file_what_the_plan_means_at_defaults_and_with_each_variable_overridden(
    root: Path, which: str
) -> None:
    version, variable = BUILDX[which]
    plan = plan_project(root)
    if plan.oldest_buildx > version:
        return

    proof = asyncio.run(prove(root, plan, root / "docker-bake.hcl", "buildx", (os.environ[variable],)))

    assert proof.differences == ()
    assert set(proof.overridden) == {name for name in plan.defaults if f"variable {name}" not in proof.skipped}


@pytest.mark.parametrize("case", CASES)
def test_the_file_parsed_back_has_the_plans_structure_and_literals(case: str) -> None:
    assert (
        compare_text(
            plan_project(HERE / case), (HERE / case / "docker-bake.hcl").read_text(encoding="utf-8")
        ).differences
        == ()
    )


def test_the_case_everything_has_every_attribute_that_bake_knows() -> None:
    plan = plan_project(HERE / "everything")

    said = {name for target in (plan.common, *plan.abstracts) for name in target.attributes}
    assert said | {name for image in plan.images for name in image.block.attributes} == set(ORDER)


def test_a_new_component_changes_its_own_block_and_its_groups_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "more"
    shutil.copytree(HERE / "minimal", root)
    before = (root / "docker-bake.hcl").read_text(encoding="utf-8")
    shutil.copytree(HERE / "added", root / "components/added")

    difference = stale(root, compile_plan(root, plan_project(root)))

    if REWRITE:
        (HERE / "added.diff").write_text(difference, encoding="utf-8")
    assert before
    assert (HERE / "added.diff").read_text(encoding="utf-8") == difference
