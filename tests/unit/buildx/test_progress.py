"""What is read of one bake process: a log, steps, numbers, and why it failed."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_compiler.buildx import Failure, Progress, Step
from bake_compiler.oci.platform import Platform

RECORDED = Path(__file__).parent / "recorded"
AMD64, ARM64 = Platform.parse("amd64"), Platform.parse("arm64")


def progress_of(name: str, target: str = "web") -> tuple[Progress, list[str]]:
    """A recorded run of buildx, and its readable log."""
    progress = Progress(target)
    lines = (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return progress, [text for line in lines for text in progress.read(line)]


def at(second: float) -> str:
    """A moment of a morning, as BuildKit writes it."""
    return f"2026-11-24T10:00:{second:012.9f}Z"


EPOCH = 1795514400.0
"""Ten o'clock of that morning."""


def vertex(name: str, *, digest: str = "a", **fields: Any) -> str:
    return json.dumps({"vertexes": [{"digest": digest, "name": name, **fields}]})


def log(text: str | bytes, digest: str = "a") -> str:
    data = base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()
    return json.dumps({"logs": [{"vertex": digest, "data": data}]})


def part(name: str, *, digest: str = "a", **fields: Any) -> str:
    return json.dumps({"statuses": [{"vertex": digest, "id": name, **fields}]})


# Why it failed.


def test_a_failed_step_is_told_with_its_platform_stage_line_and_last_output() -> None:
    progress, _ = progress_of("failing-step")

    failure = progress.failure(1, ".bakec/web.log")

    assert failure.platform == ARM64
    assert failure.stage == "build"
    assert failure.line == "Dockerfile:3"
    assert failure.step.startswith("RUN echo hello from $(uname -m);")
    assert failure.cause.endswith("did not complete successfully: exit code: 3")
    assert failure.tail == ("hello from aarch64", "no such compiler")
    assert (failure.fault, failure.kind, failure.transient) == ("step", "build", False)
    assert failure.log == ".bakec/web.log"


def test_a_cross_built_step_failed_on_the_platform_that_it_was_built_for() -> None:
    failure = progress_of("cross-built")[0].failure(1)

    assert (failure.platform, failure.stage, failure.tail) == (ARM64, "build", ("cannot link for arm64",))


def test_a_push_that_failed_is_the_registrys_fault_and_no_platforms() -> None:
    failure = progress_of("failed-push")[0].failure(1)

    assert (failure.kind, failure.platform, failure.transient) == ("registry", None, True)
    assert failure.cause.startswith("failed to push 127.0.0.1:1/acme/web:1.0: ")


def test_a_registry_that_says_when_to_come_back_is_heard() -> None:
    assert progress_of("push-429")[0].failure(1).retry_after == 7.0


def test_a_step_that_was_only_canceled_is_not_the_culprit() -> None:
    progress = Progress()
    progress.read(vertex("[linux/amd64 1/2] RUN a", error="context canceled: context canceled"))
    progress.read(vertex("[linux/arm64 1/2] RUN b", digest="b", error="exit code: 1"))

    assert progress.failure(1).platform == ARM64


def test_a_cache_that_could_not_be_imported_is_not_the_culprit() -> None:
    progress, _ = progress_of("cache-import")

    failure = progress.failure(1)

    assert any(step.name.startswith("importing cache") and step.error for step in progress.steps)
    assert failure.step == "RUN echo no such compiler; exit 3"


def test_a_vertex_that_failed_and_then_ran_well_is_not_the_culprit() -> None:
    progress = Progress()
    progress.read(vertex("[1/2] FROM base", started=at(1), completed=at(2), error="EOF"))
    progress.read(vertex("[1/2] FROM base", started=at(3), completed=at(4)))
    progress.read("ERROR: failed to solve: process exploded")

    assert progress.failure(1).cause == "failed to solve: process exploded"
    assert progress.steps[0].error == ""


def test_what_another_target_says_of_the_same_step_does_not_hide_its_error() -> None:
    progress = Progress("web")
    progress.read(vertex("[base 1/1] RUN a", started=at(1), completed=at(2), error="exit code: 1"))
    progress.read(vertex("[web 1/1] RUN a", started=at(1), completed=at(2), error="context canceled"))

    assert progress.failure(1).cause == "exit code: 1"


def test_the_place_in_the_file_is_the_line_over_the_ruler_and_may_have_spaces() -> None:
    progress = Progress()
    for line in ("left over:12", "", "my app/Dockerfile:7", "-" * 20, " 7 | >>> RUN x", "-" * 20, "ERROR: failed"):
        progress.read(line)

    assert progress.failure(1).line == "my app/Dockerfile:7"


def test_a_long_excerpt_does_not_push_the_place_away() -> None:
    progress = Progress()
    for line in ("Dockerfile:7", "-" * 20, *(f" {n} | >>> x" for n in range(200)), "-" * 20, "ERROR: failed"):
        progress.read(line)

    assert progress.failure(1).line == "Dockerfile:7"


def test_without_progress_the_last_error_that_buildx_said_is_the_cause() -> None:
    progress = Progress()
    for line in ("ERROR: early", "WARNING: hm", "ERROR: failed to find target web", "View build details: docker://…"):
        progress.read(line)

    failure = progress.failure(1)

    assert (failure.cause, failure.fault, failure.platform) == ("failed to find target web", "bake-file", None)


def test_an_error_of_many_lines_is_told_in_full() -> None:
    progress = Progress()
    for line in ("ERROR: failed to fetch remote: git stderr:", "fatal: no", ": exit status 128", "", "more"):
        progress.read(line)

    assert progress.failure(1).cause == "failed to fetch remote: git stderr:\nfatal: no\n: exit status 128"


@pytest.mark.parametrize(
    ("status", "cause", "fault", "transient"),
    [(137, "buildx exited with 137", "unknown", False), (-9, "buildx was ended by signal 9", "buildx-ended", True)],
)
def test_a_process_that_said_nothing_is_told_by_its_status(
    status: int, cause: str, fault: str, *, transient: bool
) -> None:
    assert Progress().failure(status) == Failure(cause, fault=fault, transient=transient)


def test_a_failure_holds_no_query_of_a_url_and_nothing_that_moves_a_cursor() -> None:
    progress = Progress()
    progress.read(vertex("[1/1] RUN a", started=at(1)))
    progress.read(log("\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07\x1b[2J\n"))
    progress.read(vertex("[1/1] RUN a", completed=at(2), started=at(1), error="PUT https://r.test/x?token=abc: 413"))

    failure = progress.failure(1)

    assert failure.tail == ("red bell",)
    assert failure.cause == "PUT https://r.test/x?…: 413"
    assert progress.steps[0].error == failure.cause


def test_credentials_in_what_a_step_prints_are_in_no_log_and_no_tail() -> None:
    progress = Progress()
    said = "fatal: unable to access 'https://joe:hunter2@git.test/x.git/?token=hunter3': nope"
    lines = [
        *progress.read(vertex("[1/1] RUN git clone", started=at(1))),
        *progress.read(log(f"{said}\n\x1b[31mcaf\u00e9\x1b[0m  a?b c@d \tend \n{said}")),
        *progress.read(log(said, "of nobody")),
        *progress.read(vertex("[1/1] RUN git clone", started=at(1), completed=at(2), error="exit code: 1")),
    ]

    clean = "fatal: unable to access 'https://git.test/x.git/?…': nope"
    assert progress.failure(1).tail == (clean, "caf\u00e9  a?b c@d \tend ", clean)
    assert lines[1:5] == ["=> [1/1] RUN git clone", clean, "\x1b[31mcaf\u00e9\x1b[0m  a?b c@d \tend ", clean]
    assert "hunter" not in "".join(lines)


# The readable log.


def test_the_log_is_what_a_person_can_read() -> None:
    _, lines = progress_of("failing-step")

    assert "no such compiler" in lines
    assert any(line.startswith("=> [linux/arm64 build 1/2] RUN") for line in lines)
    assert not any(line.startswith("{") for line in lines)


def test_the_log_says_whose_output_follows_when_two_steps_write_in_turn() -> None:
    progress = Progress()
    script = [
        vertex("[amd64 1/1] RUN a", started=at(1)),
        vertex("[arm64 1/1] RUN a", digest="b", started=at(1)),
        *(log("one\n"), log("two\n"), log("three\n", "b"), log("four\n")),
    ]

    lines = [text for line in script for text in progress.read(line)]

    amd64, arm64 = "=> [amd64 1/1] RUN a", "=> [arm64 1/1] RUN a"
    assert lines == [amd64, arm64, amd64, "one", "two", arm64, "three", amd64, "four"]


def test_lines_that_come_in_pieces_are_put_together() -> None:
    progress = Progress()
    progress.read(vertex("[1/1] RUN a", started=at(1)))
    whole = "größe\n".encode()

    assert progress.read(log(whole[:3])) == []
    assert progress.read(log(whole[3:] + b"no end")) == ["=> [1/1] RUN a", "größe"]
    ended = progress.read(vertex("[1/1] RUN a", started=at(1), completed=at(2), error="exit code: 1"))
    assert ended == ["no end", "=> [1/1] RUN a: ERROR exit code: 1"]
    assert progress.failure(1).tail == ("größe", "no end")


def test_of_a_progress_bar_the_last_state_is_left() -> None:
    progress = Progress()
    progress.read(vertex("[1/1] RUN a", started=at(1)))

    assert progress.read(log("10%\r50%\r100%\r\nok\n"))[1:] == ["100%", "ok"]


def test_a_cached_step_is_told_in_one_line() -> None:
    line = vertex("[2/2] RUN a", started=at(1), completed=at(1), cached=True)

    assert Progress().read(line) == ["=> [2/2] RUN a: CACHED"]


def test_only_the_last_lines_of_a_long_output_are_kept() -> None:
    progress = Progress()
    progress.read(vertex("[1/1] RUN a", started=at(1), error="no"))
    for number in range(1000):
        progress.read(log(f"line {number}\n"))

    assert progress.failure(1).tail == tuple(f"line {number}" for number in range(980, 1000))


def test_of_output_without_a_line_end_only_so_much_is_kept() -> None:
    progress = Progress()
    progress.read(vertex("[1/1] RUN a", started=at(1), error="no"))
    for _ in range(40):
        progress.read(log(b"x" * 30_000))

    assert sum(map(len, progress.failure(1).tail)) < 100_000


def test_the_output_of_a_step_that_ended_well_is_forgotten() -> None:
    progress = Progress()
    progress.read(vertex("[1/1] RUN a", started=at(1)))
    progress.read(log("line\nno end"))
    progress.read(vertex("[1/1] RUN a", started=at(1), completed=at(2)))
    progress.read(vertex("[1/1] RUN a", started=at(3), completed=at(4), error="no"))

    assert progress.failure(1).tail == ()


# Steps.


def test_a_whole_build_is_told_in_steps_that_a_person_would_name() -> None:
    progress, _ = progress_of("linked")

    steps = {(step.name.split("@")[0], str(step.platform or ""), step.stage) for step in progress.steps}

    assert {
        ("RUN true", "linux/arm64", "base/stage-1"),
        ("COPY app /app", "linux/amd64", "build"),
        ("FROM 127.0.0.1:5000/library/busybox:stable", "linux/amd64", "base/tools"),
        ("COPY --from=build /app /app", "linux/arm64", "stage-1"),
        ("load build context", "", ""),
        ("exporting to image", "", ""),
    } <= steps
    assert not any("Dockerfile" in name or "metadata" in name for name, _, _ in steps)
    assert all(step.began <= step.ended for step in progress.steps)
    assert [step.began for step in progress.steps] == sorted(step.began for step in progress.steps)
    assert (progress.total, progress.done, progress.cached) == (14, 14, 2)


def test_a_build_that_was_done_before_is_cached_for_the_most_part() -> None:
    progress, _ = progress_of("linked-cached")

    assert (progress.total, progress.done, progress.cached) == (14, 14, 10)


def test_buildx_0_13_writes_each_document_over_many_lines() -> None:
    progress, lines = progress_of("buildx-0.13-step")

    assert progress.failure(1).fault == "step"
    assert "no such compiler" in lines
    assert not any(line.lstrip().startswith(("{", '"')) for line in lines)
    assert {step.name for step in progress.steps} >= {"RUN echo no such compiler; exit 3"}


@pytest.mark.parametrize(
    ("name", "platform", "stage", "step"),
    [
        ("[linux/amd64 1/2] FROM busybox", AMD64, "", "FROM busybox"),
        ("[linux/arm64 build 3/5] RUN make", ARM64, "build", "RUN make"),
        ("[linux/amd64->arm64 build 3/5] RUN make", ARM64, "build", "RUN make"),
        ("[web linux/arm64 build 3/5] RUN make", ARM64, "build", "RUN make"),
        ("[base linux/arm64 build 3/5] RUN make", ARM64, "base/build", "RUN make"),
        ("[base linux/arm64 3/5] RUN make", ARM64, "base", "RUN make"),
        ("[linux/arm/v7 stage-1 2/3] COPY a b", Platform.parse("arm/v7"), "stage-1", "COPY a b"),
        ("[build 2/2] RUN make", None, "build", "RUN make"),
        ("[2/2] RUN make", None, "", "RUN make"),
        ("[2/2] RUN <<EOF (echo\n\x1b[2J)", None, "", "RUN <<EOF (echo  [2J)"),
        ("[x/y 2/2] ADD https://me:it@x/y?key=1 /", None, "", "ADD https://x/y?… /"),
        ("[internal] load metadata for docker.io/x", None, "", "load metadata for docker.io/x"),
        ("[web linux/arm64 internal] load metadata for x", ARM64, "", "load metadata for x"),
        ("[web] exporting to image", None, "", "exporting to image"),
        ("exporting to image", None, "", "exporting to image"),
        ("[unclosed", None, "", "[unclosed"),
        ("", None, "", ""),
    ],
)
def test_the_place_is_read_from_every_form_of_a_steps_name(
    name: str, platform: Platform | None, stage: str, step: str
) -> None:
    progress = Progress("web")
    progress.read(vertex(name, started=at(1), error="no"))

    failure = progress.failure(1)

    assert (failure.platform, failure.stage, failure.step) == (platform, stage, step)
    assert progress.steps == (Step(step, platform, stage, began=EPOCH + 1, error="no"),)


def test_changes_are_the_steps_that_began_or_ended_since_they_were_asked_for() -> None:
    progress = Progress()
    progress.read(vertex("[2/2] RUN make"))
    assert progress.changes() == []

    progress.read(vertex("[2/2] RUN make", started=at(1.25)))
    assert progress.changes() == [Step("RUN make", began=EPOCH + 1.25)]
    assert progress.changes() == []
    assert (progress.total, progress.done) == (1, 0)

    progress.read(log("hello\n"))
    assert progress.changes() == []

    progress.read(vertex("[2/2] RUN make", started=at(1.25), completed=at(3)))
    assert progress.changes() == [Step("RUN make", began=EPOCH + 1.25, ended=EPOCH + 3)]
    assert (progress.total, progress.done) == (1, 1)


def test_a_step_may_be_canceled_and_begin_again() -> None:
    progress = Progress()
    canceled = "context canceled: context canceled"
    progress.read(vertex("[2/2] RUN make", started=at(1), completed=at(2), error=canceled))
    assert [step.error for step in progress.changes()] == [canceled]

    progress.read(vertex("[2/2] RUN make", started=at(3)))
    assert progress.changes() == [Step("RUN make", began=EPOCH + 1)]
    assert (progress.total, progress.done) == (1, 0)

    progress.read(vertex("[2/2] RUN make", started=at(3), completed=at(4)))
    assert progress.changes() == [Step("RUN make", began=EPOCH + 1, ended=EPOCH + 4)]


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"completed": at(1.1)}, False),
        ({"completed": at(1.5)}, True),
        ({"completed": at(1.1), "error": "not found"}, True),
        ({"completed": at(1.1), "error": "context canceled"}, False),
        ({}, False),
    ],
)
def test_an_errand_of_buildkit_is_told_only_when_it_was_slow_or_failed(
    fields: dict[str, str], *, is_told: bool
) -> None:
    progress = Progress()
    progress.read(vertex("[internal] load metadata for x", started=at(1), **fields))

    assert [step.name for step in progress.changes()] == ["load metadata for x"] * is_told
    assert len(progress.steps) == is_told
    assert progress.total == 0


def test_a_part_of_an_export_is_told_while_it_lasts_and_kept_when_it_was_slow() -> None:
    progress = Progress()
    progress.read(vertex("exporting to image", started=at(1)))
    digest = "sha256:" + "0123456789ab" + "0" * 52
    quick, slow = f"exporting manifest {digest}", "pushing layers"
    progress.changes()

    progress.read(part(quick, started=at(1)))
    assert [step.name for step in progress.changes()] == ["exporting manifest sha256:0123456789ab…"]
    progress.read(part(quick, started=at(1), completed=at(1.1)))
    assert [step.ended for step in progress.changes()] == [EPOCH + 1.1]
    progress.read(part(slow, started=at(2)))
    progress.read(part(slow, started=at(2), current=7))
    progress.read(part(slow, started=at(2), completed=at(4)))
    assert [step.name for step in progress.changes()] == [slow]

    assert [step.name for step in progress.steps] == ["exporting to image", slow]
    assert (progress.total, progress.done) == (1, 0)


def test_a_part_of_what_is_no_export_is_no_step() -> None:
    progress = Progress()
    progress.read(vertex("[1/2] FROM base", started=at(1)))
    progress.read(vertex("exporting to image", digest="b", started=at(1)))
    progress.changes()

    progress.read(part("sha256:0123", started=at(1)))
    progress.read(part("sha256:0123", digest="b", started=at(1)))
    progress.read(part("transferring context:", digest="nowhere", started=at(1)))

    assert progress.changes() == []


# Odd input.


@pytest.mark.parametrize(
    "line",
    [
        *('{"vertexes": 7}', "{not json", '{"logs":[{"vertex":"a"}]}', "", "{", "}", "{}", "[]"),
        '{"vertexes":[{"digest":"a","name":"[1/1] RUN a","started":"soon","completed":"0001-01-01T00:00:00Z"}]}',
        '{"vertexes":[{"digest":"a","name":"[1/1] RUN a","started":"9999-99-99T00:00:00Z","error":{}}]}',
        '{"logs":[{"vertex":"a","data":"====="}]}',
        '{"vertexes":[{"digest":"a","na',
        '{"a":' * 5000,
    ],
)
def test_lines_that_no_buildx_should_write_do_not_end_the_build(line: str) -> None:
    progress = Progress()

    progress.read(line)
    progress.changes()

    assert progress.failure(1).cause
    assert progress.steps == ()


def test_a_document_that_was_cut_short_is_shown_as_it_is_and_hides_nothing() -> None:
    progress = Progress()
    lines = [text for line in ("{", ' "vertexes": [', "ERROR: transport is closing") for text in progress.read(line)]

    assert lines == ["{", ' "vertexes": [', "ERROR: transport is closing"]
    assert progress.failure(1).fault == "engine-lost"


def test_a_step_that_is_another_targets_after_all_counts_once() -> None:
    progress = Progress("web")
    ended = {"digest": "a", "started": at(1), "completed": at(2)}
    for name in ("[web internal] load", "[base 1/1] RUN a"):
        progress.read(json.dumps({"vertexes": [{**ended, "name": name}]}))

    assert (progress.total, progress.done, progress.cached) == (1, 1, 0)


_KEYS = st.sampled_from(
    [
        "vertexes",
        "statuses",
        "logs",
        "digest",
        "name",
        "started",
        "completed",
        "cached",
        "error",
        "vertex",
        "id",
        "data",
    ]
)
_VALUES = st.sampled_from(
    ["a", "[1/2] RUN a", "[linux/arm64 b 1/2] FROM x", "exporting to image", "[web internal] x", at(1), at(9), "YQo="]
)
_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(), inner, max_size=6),
    max_leaves=8,
)
_FLAT = st.dictionaries(_KEYS, _VALUES | st.booleans())
_STATUS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("vertexes", "statuses", "logs"), st.lists(_FLAT, max_size=4))
)
_DOCUMENT = st.builds(json.dumps, _ODD | _STATUS, indent=st.sampled_from([None, 2]))
_CUT = st.builds(lambda text, at: text[:at], _DOCUMENT, st.integers(0, 200))


@settings(deadline=None)
@given(st.lists(_DOCUMENT | _CUT | st.text(), max_size=6), st.integers(-64, 255))
def test_no_input_raises_and_the_numbers_add_up(documents: list[str], status: int) -> None:
    progress = Progress("web")
    for document in documents:
        for line in document.split("\n"):
            assert all(isinstance(text, str) for text in progress.read(line))
        progress.changes()

    assert progress.failure(status).cause
    assert progress.total >= progress.done >= progress.cached >= 0
    assert all(step.began > 0 and (not step.ended or step.ended >= step.began) for step in progress.steps)
    assert progress.changes() == []


@settings(deadline=None)
@given(st.data(), st.sampled_from(["failing-step", "linked", "push-429", "buildx-0.13-step"]))
def test_a_recording_that_is_cut_anywhere_is_read_as_far_as_it_goes(data: st.DataObject, name: str) -> None:
    text = (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8")
    progress = Progress("web")
    for line in text[: data.draw(st.integers(0, len(text)))].splitlines():
        progress.read(line)

    assert progress.failure(1).cause
    assert progress.done <= progress.total
