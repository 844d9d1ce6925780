"""What bakec finds that Dockerfiles are built from, for a corpus; `tests/integration` asks BuildKit the same."""

import shutil
from pathlib import Path

import pytest

from bake_compiler.plan.origins import origins_of
from bake_compiler.project.planned import plan_project
from tests.fakes.corpus import CASES, FOLDER, Case
from tests.fakes.project import component, write_project


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_dockerfile_is_built_from_what_a_person_reads_in_it(tmp_path: Path, case: Case) -> None:
    stage = f", stage={case.stage!r}" if case.stage else ""
    args = ", ".join(f"{name!r}: {value or None!r}" for name, value in case.args.items())
    contexts = {name: f"docker-image://{image}" for name, image in case.contexts.items()}
    write_project(tmp_path, {"web": component(f'name="web", args={{{args}}}, contexts={contexts}{stage}')})
    dockerfile = tmp_path / "components/web/Dockerfile"
    shutil.copy(case.path, dockerfile)
    plan = plan_project(tmp_path)

    found = origins_of(plan, plan.image("web"), dockerfile.read_text(encoding="utf-8"), plan.defaults)

    assert sorted(f"{base.platform} {base.name}".strip() for base in found.bases) == sorted(case.bases)
    assert found.doubt == ""


def test_every_dockerfile_of_the_corpus_has_its_bases_written_beside_it() -> None:
    assert {case.path for case in CASES} == set(FOLDER.glob("*.Dockerfile"))
    assert len(CASES) >= 30
