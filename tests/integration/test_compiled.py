"""What the compiler adds to a build, on the real engine: several tags, variants, variables, slices of a large file."""

import hashlib
from pathlib import Path
from secrets import token_hex

import pytest

from tests.integration.conftest import HUB, Stack

pytestmark = pytest.mark.docker

MANY = """*[Image(name=f"i{number}", stage=f"s{number}", tags=(Var("TAG"), "latest")) for number in range(120)]"""
STAGES = "FROM hub AS base\n" + "".join(
    f"FROM base AS s{number}\nRUN echo {number} >/number\n" for number in range(120)
)


def large(stack: Stack) -> None:
    """A third component of 120 images, so that the file is a large one."""
    stack.component("many", STAGES, MANY, needs='["hub"]')
    model = stack.root / "components/many/component.py"
    model.write_text(model.read_text().replace("Image, Only", "Image, Var"))


def slices(stack: Stack) -> list[Path]:
    return sorted(stack.root.glob(".bakec/runs/*/*.hcl"))


def test_one_image_of_a_large_project_is_built_from_its_slice_and_published_under_each_of_its_tags(
    stack: Stack,
) -> None:
    large(stack)

    ended = stack.build("i7")

    assert ended.status == 0, ended.err
    assert [image["name"] for image in ended.document["images"]] == ["i7"]
    (part,) = slices(stack)
    assert part.read_text().count("\ntarget ") == 3  # what all share, hub, i7
    digest = ended.image("i7")["digest"]
    assert stack.manifest("i7").headers["Docker-Content-Digest"] == digest
    latest = Stack(stack.root, stack.registry, "latest").manifest("i7")
    assert latest.headers["Docker-Content-Digest"] == digest
    assert stack.bakec("verify", "i7").status == 0


def test_one_image_of_a_large_project_is_not_held_up_by_another_components_mistake(stack: Stack) -> None:
    large(stack)
    assert stack.bakec("compile").status == 0
    stack.component("pair", "FROM scratch\n", 'Image(name="No Name")')

    ended = stack.bakec("build", "i7", "--load", "--platform", "amd64")

    assert ended.status == 0, ended.err


@pytest.mark.parametrize("added", ['\ntarget "i7" {\n  no-cache = true\n}\n', '\ntarget "hub" {\n  pull = true\n}\n'])
def test_a_hand_edit_of_a_large_file_is_refused_where_it_is_used(stack: Stack, added: str) -> None:
    large(stack)
    assert stack.bakec("compile").status == 0
    with (stack.root / "docker-bake.hcl").open("a") as file:
        file.write(added)

    ended = stack.bakec("build", "i7")

    assert ended.status == 3
    assert added.split("{", maxsplit=1)[0].strip() in ended.err


def test_a_second_tag_that_somebody_moved_is_found_by_verify(stack: Stack) -> None:
    stack.component("two", HUB, 'Image(name="two", tags=("one", "other"))')
    assert stack.build("two").status == 0
    child = Stack(stack.root, stack.registry, "one").manifest("two").json()["manifests"][0]
    manifest = Stack(stack.root, stack.registry, child["digest"]).manifest("two")
    Stack(stack.root, stack.registry, "other").put_manifest("two", manifest.content, child["mediaType"])

    ended = stack.bakec("verify", "two")

    assert ended.status == 6


def test_a_variant_is_built_beside_its_image_with_its_own_tag_and_from_its_own_needs(stack: Stack) -> None:
    project = stack.root / "components/project.py"
    project.write_text(
        project.read_text()
        .replace("Phase, Project", "Phase, Project, Variant")
        .replace("phases=", 'variants=(Variant(name="dev", images=("hub", "roof"), labels={"form": "dev"}),), phases=')
    )
    dockerfile = "FROM hub\nRUN cat /machine\n"
    stack.component("roof", dockerfile, 'Image(name="roof")', needs='["hub"]')

    ended = stack.build("dev")

    assert ended.status == 0, ended.err
    assert sorted(image["name"] for image in ended.document["images"]) == ["hub-dev", "roof-dev"]
    dev = Stack(stack.root, stack.registry, f"{stack.tag}-dev")
    assert dev.manifest("roof").status_code == 200
    assert stack.manifest("roof").status_code == 404


def test_a_variable_set_on_the_command_line_reaches_the_build_and_the_tag(stack: Stack) -> None:
    project = stack.root / "components/project.py"
    project.write_text(
        project.read_text()
        .replace("Phase, Project", "Phase, Project, Variable")
        .replace("phases=", 'variables=(Variable(name="FLAVOUR", default="plain"),), phases=')
    )
    stack.component(
        "ice",
        'FROM busybox:stable\nARG FLAVOUR\nRUN test "$FLAVOUR" = mint\n',
        'Image(name="ice", args={"FLAVOUR": Var("FLAVOUR")}, tags=(Var("FLAVOUR"),))',
    )
    model = stack.root / "components/ice/component.py"
    model.write_text(model.read_text().replace("Image, Only", "Image, Var"))

    ended = stack.build("ice", "--var", "FLAVOUR=mint")

    assert ended.status == 0, ended.err
    assert Stack(stack.root, stack.registry, "mint").manifest("ice").status_code == 200


def test_a_secret_that_a_model_names_reaches_the_build_and_is_written_nowhere(stack: Stack) -> None:
    digest = hashlib.sha1(b"hunter2", usedforsecurity=False).hexdigest()
    anew = f"echo {token_hex(4)}"  # a secret is no part of a step's cache key: the step of an earlier run would do
    stack.component(
        "safe",
        f"FROM busybox:stable\nRUN --mount=type=secret,id=token {anew} && sha1sum /run/secrets/token | grep {digest}\n",
        'Image(name="safe", secret=[Secret(id="token", env="SAFE_TOKEN")])',
    )
    model = stack.root / "components/safe/component.py"
    model.write_text(model.read_text().replace("Image, Only", "Image, Secret"))

    ended = stack.build("safe", env={"SAFE_TOKEN": "hunter2"})

    assert ended.status == 0, ended.err
    assert "hunter2" not in ended.out + ended.err
    assert {path.name for path in stack.root.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()} == set()
