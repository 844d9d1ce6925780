import unicodedata
from typing import Any

import pytest
from pydantic import ValidationError

from bake_compiler import Component, Image, Only, Phase, Platform, Project


def project(**changed: Any) -> Project:
    fields: dict[str, Any] = {
        "name": "acme",
        "registry": "127.0.0.1:5000",
        "tag": "1.0",
        "platforms": ["amd64", "arm64"],
        "phases": [Phase(name="first")],
    }
    return Project(**fields | changed)


def test_a_model_can_not_be_changed() -> None:
    image = Image(name="web")

    with pytest.raises(ValidationError, match="frozen"):
        image.name = "api"  # type: ignore[misc]


def test_what_people_write_is_kept_as_values_that_can_not_change() -> None:
    names = ["amd64", "linux/arm64"]
    only = Only(platforms=names, reason="the vendor has no other")
    image = Image(name="web", needs=["base"], args={"PORT": 8080}, matrix={"py": ["3.13", "3.14"]})

    names.append("riscv64")

    assert only.platforms == (Platform.parse("amd64"), Platform.parse("arm64"))
    assert (image.needs, image.args, image.matrix) == (("base",), {"PORT": "8080"}, {"py": ("3.13", "3.14")})
    assert hash(only) == hash(Only(platforms=("amd64", "arm64"), reason="the vendor has no other"))


@pytest.mark.parametrize("kind", [Image, Component, Project, Phase, Only])
def test_a_field_that_does_not_exist_is_refused(kind: type[Image]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        kind(colour="red")  # type: ignore[call-arg]


def test_a_model_knows_the_file_and_line_where_it_was_written() -> None:
    first = Image(name="web")
    second = Image(
        name="api",
    )

    assert first.source.file == __file__
    assert second.source.line == first.source.line + 1


def test_where_a_model_was_written_does_not_make_it_another_one() -> None:
    first = Image(name="web")
    second = Image(name="web")

    assert first == second


def test_platforms_may_be_written_as_people_write_them() -> None:
    assert project(platforms=["x86_64", "linux/arm64/v8"]).platforms == (
        Platform("linux", "amd64"),
        Platform("linux", "arm64"),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\0b", "holds a NUL character"),
        ("a\ud800b", "surrogate"),
        (unicodedata.normalize("NFD", "caf\u00e9"), "is not in Unicode's NFC form"),
    ],
)
def test_text_that_buildx_would_change_is_refused_wherever_it_is_free(text: str, why: str) -> None:
    for fields in ({"description": text}, {"args": {"A": text}}, {"labels": {"a": text}}, {"smoke": [text]}):
        with pytest.raises(ValidationError, match=why):
            Image(name="web", **fields)


@pytest.mark.parametrize("name", ["", "Web", "web app", "-web", "web-", "a.b", "web\n", "wéb", "${x}", "a/b"])
def test_a_name_that_is_no_bake_target_and_no_repository_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="is not a name"):
        Image(name=name)


@pytest.mark.parametrize("name", ["web", "web-2", "a_b", "a__b", "0", "test-containers"])
def test_names_of_repositories_are_names(name: str) -> None:
    assert Image(name=name).name == name


@pytest.mark.parametrize("path", ["", "/etc", "~/x"])
def test_a_path_that_is_not_in_the_project_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="is not a path relative to"):
        Component(phase="first", images=[Image(name="web")], context=path)


@pytest.mark.parametrize("repository", ["image", "{image}-{image}", "Upper-{image}"])
def test_a_repository_needs_the_image_exactly_once_and_must_be_one(repository: str) -> None:
    with pytest.raises(ValidationError, match="repository"):
        project(repository=repository)


@pytest.mark.parametrize("registry", ["", "http://harbor.example", "a b", "harbor.example/Team"])
def test_what_is_no_registry_is_refused(registry: str) -> None:
    with pytest.raises(ValidationError, match="registry"):
        project(registry=registry)


@pytest.mark.parametrize("registry", ["harbor.example/team", "127.0.0.1:5000", "ghcr.io/acme/"])
def test_a_registry_may_have_a_port_and_a_path(registry: str) -> None:
    assert project(registry=registry).registry == registry


@pytest.mark.parametrize("tag", ["", "a b", "-x", "a" * 129, "a:b"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError, match="tag"):
        project(tag=tag)


def test_nothing_to_build_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Component(phase="first", images=())


def test_an_exception_from_the_platforms_needs_a_reason() -> None:
    with pytest.raises(ValidationError, match="reason"):
        Only(platforms=["amd64"], reason="")
