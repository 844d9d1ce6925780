"""What an image is made of, read from its Dockerfile and its models."""

from pathlib import Path

import pytest

from bake_compiler.plan.origins import Base, Origins, origins_of
from bake_compiler.project.planned import plan_project
from tests.fakes.project import component, write_project


def origins(root: Path, dockerfile: str, image: str = 'name="web"', *more: str) -> Origins:
    write_project(root, {"web": component(image, *more)})
    (root / "components/web/Dockerfile").write_text(dockerfile)
    (root / "components/web/lib").mkdir()
    plan = plan_project(root)
    return origins_of(plan, plan.image("web"), dockerfile, plan.defaults)


@pytest.mark.parametrize(
    ("dockerfile", "bases"),
    [
        ("FROM busybox:stable\n", {Base("busybox:stable")}),
        ("FROM scratch\n", set()),
        ("FROM --platform=$BUILDPLATFORM go AS a\nFROM scratch\nCOPY --from=a / /\n", {Base("go", "$BUILDPLATFORM")}),
        ("FROM --platform=$TARGETPLATFORM go\n", {Base("go")}),
        ("FROM --platform=linux/amd64 go AS a\nFROM scratch\nCOPY --from=a / /\n", {Base("go", "linux/amd64")}),
        ("ARG V=1\nFROM go:$V\n", {Base("go:1")}),
        ("FROM a AS x\nFROM x\n", {Base("a")}),
        ("FROM a\nCOPY --from=tools:1 /x /x\n", {Base("a"), Base("tools:1")}),
        ("FROM a\nRUN --mount=from=tools:1,target=/t true\n", {Base("a"), Base("tools:1")}),
        ("FROM a AS x-amd64\nFROM b AS x-arm64\nFROM x-$TARGETARCH\n", {Base("a"), Base("b")}),
        ("# syntax=front/end:1\nFROM a\n", {Base("a"), Base("front/end:1", "$BUILDPLATFORM")}),
    ],
)
def test_bases_are_what_a_dockerfile_takes_from_elsewhere(tmp_path: Path, dockerfile: str, bases: set[Base]) -> None:
    found = origins(tmp_path, dockerfile)

    assert (set(found.bases), found.doubt) == (bases, "")
    assert found.folders == {("components/web", "components/web/Dockerfile")}


def test_named_contexts_replace_a_base_and_are_bases_folders_or_images_of_the_project(tmp_path: Path) -> None:
    contexts = '{"go:1": "docker-image://mirror/go:1@sha256:' + "a" * 64 + '", "lib": "lib"}'

    found = origins(tmp_path, "FROM go:1\nCOPY --from=lib / /\n", f'name="web", contexts={contexts}')

    assert set(found.bases) == {Base("mirror/go:1@sha256:" + "a" * 64)}
    assert found.folders == {("components/web", "components/web/Dockerfile"), ("components/web/lib", "")}
    assert found.doubt == ""


def test_only_stages_that_are_built_count(tmp_path: Path) -> None:
    assert origins(tmp_path, "FROM a AS other\nFROM b AS last\n", 'name="web", stage="last"').bases == {Base("b"): 2}


def test_args_of_the_model_choose_the_base(tmp_path: Path) -> None:
    assert origins(tmp_path, "ARG V=1\nFROM go:$V\n", 'name="web", args={"V": "2"}').bases == {Base("go:2"): 2}


@pytest.mark.parametrize(
    ("dockerfile", "image", "doubt"),
    [
        ("FROM go:$NOBODY\n", 'name="web"', "FROM go:$NOBODY is not known"),
        ("ARG P=linux/$BUILDARCH\nFROM --platform=$P go\n", 'name="web"', "FROM --platform=$P is not known"),
        ("FROM a\nADD https://x.test/y /y\n", 'name="web"', "line 2: ADD takes content from outside the project"),
        ("FROM a\nADD git@x.test:y.git /y\n", 'name="web"', "line 2: ADD takes content from outside the project"),
        ("FROM a\n", 'name="web", no_cache=True', "no-cache is set"),
        ("FROM a\n", 'name="web", pull=True', "pull is set"),
        ("FROM a\n", 'name="web", contexts={"x": "https://git.test/x.git"}', "a named context is https://git.test"),
        ("", 'name="web", context="https://git.test/x.git"', "its context is not a folder of the project"),
    ],
)
def test_what_nobody_knows_before_the_build_is_a_doubt(tmp_path: Path, dockerfile: str, image: str, doubt: str) -> None:
    write_project(tmp_path, {"web": component(image)})
    (tmp_path / "components/web/Dockerfile").write_text(dockerfile or "FROM a\n")
    plan = plan_project(tmp_path)

    assert doubt in origins_of(plan, plan.image("web"), dockerfile, plan.defaults).doubt


def test_an_expression_that_only_buildx_evaluates_is_a_doubt(tmp_path: Path) -> None:
    write_project(
        tmp_path,
        {
            "web": component('name="web", labels={"now": Expr("timestamp()")}').replace(
                "Component, Image", "Component, Expr, Image"
            )
        },
    )
    plan = plan_project(tmp_path)

    assert "labels is an expression" in origins_of(plan, plan.image("web"), "FROM a\n", plan.defaults).doubt


def test_a_dockerfile_that_can_not_be_read_is_a_doubt(tmp_path: Path) -> None:
    write_project(tmp_path, {"web": component('name="web"')})
    plan = plan_project(tmp_path)

    assert "no FROM" in origins_of(plan, plan.image("web"), "", plan.defaults).doubt
