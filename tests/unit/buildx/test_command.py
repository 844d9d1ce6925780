import json
from dataclasses import replace
from pathlib import Path

import pytest

from bake_compiler.buildx import BakeRun, bake_command, metadata_file, print_command, read_digest
from bake_compiler.errors import BuildError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.system.process import Command
from tests.fakes.planned import planned

WEB = (Reference.parse("r.test/web:1.0"), Reference.parse("r.test/web:latest"))


def run_in(root: Path, *, push: bool = True, staging: str = "staged-1") -> BakeRun:
    return BakeRun(
        root,
        env={"PATH": "/bin"},
        variables={"REGISTRY": "r.test", "TAG": "1.0"},
        push=push,
        staging=staging,
        metadata=Path("runs"),
    )


def test_an_image_is_pushed_under_its_staging_tag(tmp_path: Path) -> None:
    image = planned("web", platforms="amd64,arm64")

    assert bake_command(run_in(tmp_path), image, file="docker-bake.hcl", references=WEB) == Command(
        argv=(
            *("docker", "buildx", "bake", "--file", "docker-bake.hcl", "--progress", "rawjson"),
            *("--metadata-file", "runs/web.metadata.json", "--set", "web.tags=r.test/web:staged-1"),
            *("--set", "web.output=type=image,push=true,store=false", "web"),
        ),
        env={"BUILDX_METADATA_PROVENANCE": "disabled", "PATH": "/bin", "REGISTRY": "r.test", "TAG": "1.0"},
        cwd=tmp_path,
        shown=("REGISTRY", "TAG"),
    )


def test_an_image_is_staged_once_in_each_repository(tmp_path: Path) -> None:
    mirrors = tuple(map(Reference.parse, ("docker.io/acme/web:1.0", "docker.io/acme/web:latest", "m.test/web:1.0")))

    command = bake_command(run_in(tmp_path), planned("web"), file="f", references=(*WEB, *mirrors))

    assert [word.removeprefix("web.tags=") for word in command.argv if word.startswith("web.tags=")] == [
        "r.test/web:staged-1",
        "docker.io/acme/web:staged-1",
        "m.test/web:staged-1",
    ]


DATED = "web.output=type=image,push=true,store=false,source-date-epoch=1700000000"


@pytest.mark.parametrize(
    ("epochs", "dated"),
    [({"web": "", "hub": "1700000000"}, True), ({"web": "1700000000", "hub": ""}, False), ({"hub": ""}, False)],
    ids=["steps get nothing", "steps get it", "its own"],
)
def test_the_commit_s_time_dates_an_image_whose_steps_get_none(
    tmp_path: Path, epochs: dict[str, str], *, dated: bool
) -> None:
    run = replace(run_in(tmp_path), variables={"SOURCE_DATE_EPOCH": "1700000000"})

    command = bake_command(run, planned("web", "hub"), file="f", references=WEB, epochs=epochs)

    said = [word.partition(".args.SOURCE_DATE_EPOCH=") for word in command.argv if ".args." in word]
    assert {name: epoch for name, _, epoch in said} == epochs
    assert (DATED in command.argv) == dated
    assert command.env["SOURCE_DATE_EPOCH"] == "1700000000"  # for the labels


def test_without_a_commit_s_time_nothing_is_dated(tmp_path: Path) -> None:
    command = bake_command(run_in(tmp_path), planned("web"), file="f", references=WEB)

    assert not [word for word in command.argv if "EPOCH" in word or "epoch" in word]


def test_an_image_is_loaded_under_its_own_tag_for_the_platforms_that_are_left(tmp_path: Path) -> None:
    run = run_in(tmp_path, push=False, staging="")

    command = bake_command(
        run, planned("web", platforms="arm64,riscv64"), file="docker-bake.hcl", references=WEB, narrowed=True
    )

    assert command.argv[7:] == (
        *("--metadata-file", "runs/web.metadata.json", "--load"),
        *("--set", "web.platform=linux/arm64", "--set", "web.platform=linux/riscv64", "web"),
    )


def test_a_command_is_shown_with_the_variables_that_matter_and_nothing_else(tmp_path: Path) -> None:
    run = run_in(tmp_path, push=False, staging="")

    assert str(bake_command(run, planned("web"), file="docker-bake.hcl", references=WEB)) == (
        "REGISTRY=r.test TAG=1.0 docker buildx bake --file docker-bake.hcl --progress rawjson "
        "--metadata-file runs/web.metadata.json --load web"
    )


def test_printing_names_the_targets_last(tmp_path: Path) -> None:
    assert print_command(tmp_path, "docker-bake.hcl", {}, ("web", "api")).argv[-3:] == ("--print", "web", "api")


def test_the_digest_is_the_one_of_its_target(tmp_path: Path) -> None:
    digest = Digest.of(b"index")
    run = run_in(tmp_path)
    path = tmp_path / metadata_file(run, planned("web"))
    path.parent.mkdir()
    path.write_text(json.dumps({"web": {"containerimage.digest": str(digest)}, "buildx.build.warnings": {}}))

    assert read_digest(path, "web") == digest


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"web": {}}',
        '{"web": 7}',
        '{"web": {"containerimage.digest": "x"}}',
        '{"web": {"containerimage.digest": null}}',
        '{"api": {"containerimage.digest": "sha256:00"}}',
        "ÿþ",
    ],
)
def test_a_metadata_file_without_the_digest_is_a_failed_build(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "web.metadata.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))

    with pytest.raises(BuildError, match=r"web\.metadata\.json has no digest of web") as caught:
        read_digest(path, "web")

    assert "buildx" in caught.value.hint
