"""Images of others: where they come from, where they go, and what their author is told."""

import re
from pathlib import Path
from typing import Any

import pytest

from bake_compiler.errors import UsageError
from bake_compiler.model import External, Phase, Project, Stack
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, make_plan
from bake_compiler.plan.externals import select_externals
from bake_compiler.project.planned import plan_project
from tests.fakes.project import write_project
from tests.unit.plan.check.written import PROJECT_LINE, component_py, told

MIRRORING = Path(__file__).parents[4] / "docs/mirroring.md"
WEB = component_py('name="web"')
OK = 'image="docker.io/library/redis:7"'


def plan_of(*externals: External, **more: Any) -> Plan:
    project = Project(
        name="acme",
        registry="r.test/team/",
        repository="acme-{image}",
        tag="1.0",
        platforms=["amd64", "arm64"],
        phases=[Phase(name="first")],
        external=externals,
        **more,
    )
    return make_plan(Stack(project, {}))


def references(plan: Plan) -> list[str]:
    return [str(each) for external in plan.external for each in external.references(plan.defaults)]


def test_a_copy_is_called_as_the_project_calls_its_own() -> None:
    plan = plan_of(External(name="redis", image="docker.io/library/redis:7-alpine"), also=["far.test"])

    assert references(plan) == ["r.test/team/acme-redis:7-alpine", "far.test/acme-redis:7-alpine"]


@pytest.mark.parametrize("repository", ["mirror/{image}", "mirror/redis"])
def test_a_copy_may_have_a_place_and_a_tag_of_its_own(repository: str) -> None:
    plan = plan_of(External(name="redis", image="docker.io/library/redis:7-alpine", repository=repository, tag="7"))

    assert references(plan) == ["r.test/team/mirror/redis:7"]


def test_externals_are_selected_by_name() -> None:
    plan = plan_of(*(External(name=name, image=f"docker.io/library/{name}:1") for name in ("b", "a", "c")))

    assert [each.name for each in select_externals(plan, [])] == ["a", "b", "c"]
    assert [each.name for each in select_externals(plan, ["all"])] == ["a", "b", "c"]
    assert [each.name for each in select_externals(plan, ["c", "a", "c"])] == ["a", "c"]
    with pytest.raises(UsageError, match="no external image is called 'd'"):
        select_externals(plan, ["a", "d"])
    with pytest.raises(UsageError, match="acme has no external images"):
        select_externals(plan_of(), [])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("", "image: image and images are both missing"),
        (f'{OK}, images={{"amd64": "a:1", "arm64": "b:1"}}', "image: image and images are both given"),
        ('image="docker.io/library/redis"', "image: 'docker.io/library/redis' names neither a tag nor a digest, and"),
        ('image="docker.io/Redis:7"', "image: 'docker.io/Redis:7': 'library/Redis' is not a repository"),
        (f'image="docker.io/library/redis@sha256:{"0" * 64}"', "tag: its image has no tag, so `tag` must be given"),
        ('images={"amd64": "a:1", "arm64": "a-arm:2"}', "tag: its images have different tags, so `tag` must be given"),
        ('images={"amd64": "a:1"}', "images: no image for linux/arm64"),
        ('images={"amd64": "a:1", "arm64": "b:1", "s390x": "c:1"}', "images: linux/s390x is not one of its platforms"),
        ('images={"amd46": "a:1", "arm64": "b:1"}', "unknown platform 'amd46'; did you mean 'amd64'?"),
        (f'{OK}, platforms=Only(platforms=["s390x"], reason="so")', "platforms: linux/s390x is not a platform of the"),
        (f'{OK}, repository="A"', "repository: 'localhost/A'"),
        (f'{OK}, repository="a:1"', "repository: 'a:1' is not a repository: the tag has a field of its own"),
        (f'{OK}, tag="-"', "tag: '-' is not a tag"),
    ],
)
def test_what_is_wrong_with_one_is_told(tmp_path: Path, arguments: str, problem: str) -> None:
    found = told(tmp_path, WEB, f'external=[External(name="redis", {arguments})]')

    assert len(found) == 1, found
    assert found[0][0].startswith(f"{PROJECT_LINE}: ")
    assert problem in found[0][0]


def test_a_mistake_of_a_platform_says_what_to_do(tmp_path: Path) -> None:
    ((_, hint),) = told(tmp_path, WEB, 'external=[External(name="redis", images={"amd64": "a:1"})]')

    assert hint == "give its image, or platforms=Only(platforms=[…], reason='no linux/arm64 from this vendor')"


def test_no_two_are_copied_to_one_place(tmp_path: Path) -> None:
    two = f'External(name="web", {OK}, tag="1.0"), External(name="b", {OK}, repository="c"), External(name="c", {OK})'

    found = told(tmp_path, WEB, f"external=[{two}]")

    assert [problem.partition("name: ")[2] for problem, _ in found] == [
        "c:7 is also written by b",
        "web:1.0 is also written by the image web",
    ]


def test_no_two_have_one_name(tmp_path: Path) -> None:
    found = told(tmp_path, WEB, f'external=[External(name="a", {OK}), External(name="a", {OK}, tag="8")]')

    assert found == [(f"{PROJECT_LINE}: name: 'a' is an external image, and also an external image", "rename one")]


def test_the_example_of_the_guide_has_all_eleven_of_the_reference_stack(tmp_path: Path) -> None:
    match = re.search(r"```python\n(.*?)```", MIRRORING.read_text(encoding="utf-8"), re.DOTALL)
    assert match

    plan = plan_project(write_project(tmp_path, {}, project=match[1]))

    assert len(plan.external) == 11
    assert "harbor.example/platform/ai-infra-oceanbase-ce:4.3.5-lts" in references(plan)
    assert [each.name for each in plan.external if each.platforms == (Platform.parse("amd64"),)] == ["phpldapadmin"]
