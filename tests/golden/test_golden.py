"""Whole documents, byte for byte; `./dev golden` writes them anew and `git diff` reviews them."""

import json
import os
from pathlib import Path

import pytest

from bake_compiler import pipeline
from bake_compiler.cli.plan import to_document
from bake_compiler.plan import select

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/components"))
REWRITE = os.environ.get("BAKEC_GOLDEN") == "rewrite"


@pytest.mark.parametrize("case", CASES)
def test_the_case_compiles_to_the_documents_beside_it(case: str) -> None:
    root = HERE / case
    plan = pipeline.plan_project(root)
    documents = {
        "docker-bake.hcl": pipeline.compile_plan(root, plan),
        "plan.json": json.dumps(to_document(select(plan, [])), indent=2, ensure_ascii=False) + "\n",
    }
    for name, text in documents.items():
        if REWRITE:
            (root / name).write_text(text, encoding="utf-8")
        assert (root / name).read_text(encoding="utf-8") == text


def test_the_committed_bake_file_is_what_the_models_say() -> None:
    root = HERE.parents[1]

    assert pipeline.stale(root, pipeline.compile_plan(root, pipeline.plan_project(root))) == ""


def test_the_reference_stack_is_12_components_13_images_26_builds() -> None:
    """Failure 10 and 13: counting 24 is the first mistake that an accounting can make."""
    plan = pipeline.plan_project(HERE.parents[1])

    assert len({image.component for image in plan.images}) == 12
    assert len(plan.images) == 13
    assert len(select(plan, []).cells) == 26
    assert {image.stage for image in plan.images if image.component == "backend"} == {"backend", "backend-init"}
