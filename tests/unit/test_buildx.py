import base64
import json
from pathlib import Path

import pytest

from bake_compiler.buildx import BakeRun, Failure, Progress, bake_command, metadata_file, print_command, read_digest
from bake_compiler.errors import BuildError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.process import Command
from tests.fakes.planned import planned

DATA = Path(__file__).parent / "data"
AMD64, ARM64 = Platform.parse("amd64"), Platform.parse("arm64")


def failure_of(name: str) -> tuple[Failure, list[str]]:
    """What a recorded run of buildx failed from, and its readable log."""
    progress = Progress()
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    log = [text for line in lines for text in progress.read(line)]
    return progress.failure(1, ".bakec/web.log"), log


def run_in(root: Path, *, push: bool = True, staging: str = "staged-1") -> BakeRun:
    return BakeRun(
        root,
        env={"PATH": "/bin"},
        variables={"REGISTRY": "r.test", "TAG": "1.0"},
        push=push,
        staging=staging,
        metadata=Path("runs"),
    )


def test_a_failed_step_is_told_with_its_platform_stage_line_and_last_output() -> None:
    failure, _ = failure_of("failing-step.jsonl")

    assert failure.platform == ARM64
    assert failure.stage == "build"
    assert failure.line == "Dockerfile:3"
    assert failure.step.startswith("RUN echo hello from $(uname -m);")
    assert failure.cause.endswith("did not complete successfully: exit code: 3")
    assert failure.tail == ("hello from aarch64", "no such compiler")
    assert failure.kind == "build"
    assert failure.log == ".bakec/web.log"


def test_a_step_that_was_only_canceled_is_not_the_culprit() -> None:
    progress = Progress()
    canceled = {"digest": "a", "name": "[linux/amd64 1/2] RUN a", "error": "context canceled: context canceled"}
    guilty = {"digest": "b", "name": "[linux/arm64 1/2] RUN b", "error": "exit code: 1"}
    for vertex in (canceled, guilty):
        progress.read(json.dumps({"vertexes": [vertex]}))

    assert progress.failure(1).platform == ARM64


def test_a_cross_built_step_failed_on_the_platform_that_it_was_built_for() -> None:
    failure, _ = failure_of("cross-built.jsonl")

    assert failure.platform == ARM64
    assert failure.stage == "build"
    assert failure.tail == ("cannot link for arm64",)
    assert failure.line == "Dockerfile:3"


def test_a_push_that_failed_is_the_registrys_fault_and_no_platforms() -> None:
    failure, _ = failure_of("failed-push.jsonl")

    assert failure.kind == "registry"
    assert failure.platform is None
    assert failure.cause.startswith("failed to push 127.0.0.1:1/acme/web:1.0: ")
    assert "connection refused" in failure.cause


@pytest.mark.parametrize(
    ("name", "platform", "stage", "step"),
    [
        ("[linux/amd64 1/2] FROM busybox", AMD64, "", "FROM busybox"),
        ("[linux/arm64 build 3/5] RUN make", ARM64, "build", "RUN make"),
        ("[linux/amd64->arm64 build 3/5] RUN make", ARM64, "build", "RUN make"),
        ("[web linux/arm64 build 3/5] RUN make", ARM64, "build", "RUN make"),
        ("[linux/arm/v7 stage-1 2/3] COPY a b", Platform.parse("arm/v7"), "stage-1", "COPY a b"),
        ("[build 2/2] RUN make", None, "build", "RUN make"),
        ("[2/2] RUN make", None, "", "RUN make"),
        ("[internal] load metadata for docker.io/x", None, "", "[internal] load metadata for docker.io/x"),
    ],
)
def test_the_place_is_read_from_every_form_of_a_steps_name(
    name: str, platform: Platform | None, stage: str, step: str
) -> None:
    progress = Progress()
    progress.read(json.dumps({"vertexes": [{"digest": "a", "name": name, "error": "no"}]}))

    failure = progress.failure(1)

    assert (failure.platform, failure.stage, failure.step) == (platform, stage, step)


def test_the_log_is_what_a_person_can_read() -> None:
    _, log = failure_of("failing-step.jsonl")

    assert "no such compiler" in log
    assert any(line.startswith("=> [linux/arm64 build 1/2] RUN") for line in log)
    assert not any(line.startswith("{") for line in log)


def test_without_progress_the_last_error_that_buildx_said_is_the_cause() -> None:
    progress = Progress()
    for line in ("docker-bake.hcl:3", "ERROR: no such target: web", "View build details: docker://…"):
        progress.read(line)

    failure = progress.failure(1)

    assert (failure.cause, failure.line, failure.platform) == ("no such target: web", "docker-bake.hcl:3", None)


def test_a_process_that_said_nothing_is_told_by_its_status() -> None:
    assert Progress().failure(137) == Failure("buildx exited with 137")


@pytest.mark.parametrize("line", ['{"vertexes": 7}', "{not json", '{"logs":[{"vertex":"a"}]}', ""])
def test_lines_that_no_buildx_should_write_do_not_end_the_build(line: str) -> None:
    progress = Progress()

    progress.read(line)

    assert progress.failure(1).cause


def test_only_the_last_lines_of_a_long_output_are_kept() -> None:
    progress = Progress()
    progress.read('{"vertexes":[{"digest":"a","name":"[1/1] RUN a","error":"no"}]}')
    for number in range(1000):
        data = {"vertex": "a", "data": base64.b64encode(f"line {number}\n".encode()).decode()}
        progress.read(json.dumps({"logs": [data]}))

    assert progress.failure(1).tail == tuple(f"line {number}" for number in range(980, 1000))


def test_an_image_is_pushed_under_its_staging_tag(tmp_path: Path) -> None:
    image = planned("web", platforms="amd64,arm64")

    assert bake_command(run_in(tmp_path), image, file="docker-bake.hcl", registry="r.test") == Command(
        argv=(
            *("docker", "buildx", "bake", "--file", "docker-bake.hcl", "--progress", "rawjson"),
            *("--metadata-file", "runs/web.metadata.json", "--push"),
            *("--set", "web.tags=r.test/web:staged-1", "web"),
        ),
        env={"PATH": "/bin", "REGISTRY": "r.test", "TAG": "1.0"},
        cwd=tmp_path,
        shown=("REGISTRY", "TAG"),
    )


def test_an_image_is_loaded_under_its_own_tag_for_the_platforms_that_are_left(tmp_path: Path) -> None:
    run = run_in(tmp_path, push=False, staging="")

    command = bake_command(
        run, planned("web", platforms="arm64,riscv64"), file="docker-bake.hcl", registry="r.test", narrowed=True
    )

    assert command.argv[7:] == (
        *("--metadata-file", "runs/web.metadata.json", "--load"),
        *("--set", "web.platform=linux/arm64", "--set", "web.platform=linux/riscv64", "web"),
    )


def test_a_command_is_shown_with_the_variables_that_matter_and_nothing_else(tmp_path: Path) -> None:
    run = run_in(tmp_path, push=False, staging="")

    assert str(bake_command(run, planned("web"), file="docker-bake.hcl", registry="r.test")) == (
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

    with pytest.raises(BuildError, match=r"web\.metadata\.json holds no digest of web") as caught:
        read_digest(path, "web")

    assert "buildx" in caught.value.hint
