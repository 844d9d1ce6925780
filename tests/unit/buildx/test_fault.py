"""The table of faults: each row by its examples, and each recording of a real buildx by what it is told to be."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_compiler.buildx import FAULTS, Fault, Progress, classify
from bake_compiler.buildx.fault import Example, bare, stated_wait, without_secrets
from bake_compiler.buildx.name import read_name, read_part

RECORDED = Path(__file__).parent / "recorded"
EXAMPLES = [(fault, example) for fault in FAULTS for example in fault.examples]
TRANSIENT = {fault.name for fault in FAULTS if fault.transient}
RUN = "[linux/arm64 build 2/3] RUN make"


class Told(NamedTuple):
    """What a person is told of a recorded failure."""

    fault: str
    kind: str
    platform: str = ""
    stage: str = ""
    step: str = ""
    line: str = ""


PUSH = "exporting to image"
BUSYBOX = "load metadata for 127.0.0.1:5601/library/busybox:stable"
FRESH = "load metadata for 127.0.0.1:5601/faults/fresh:"
BAKED = {
    "add-404": Told("no-remote-file", "build", "", "", "ADD http://127.0.0.1:5601/file.tgz /"),
    "add-503": Told("remote-file", "build", "", "", "ADD http://127.0.0.1:5601/file.tgz /"),
    "add-refused": Told("remote-file", "build", "", "", "ADD http://127.0.0.1:2/file.tgz /"),
    "bake-file": Told("bake-file", "build", "", "", "", "docker-bake.hcl:2"),
    "base-blob-missing": Told("blob-missing", "registry", "", "", FRESH + "base-404", "Dockerfile:1"),
    "base-corrupt": Told("digest-mismatch", "registry", "", "", FRESH + "base-corrupt", "Dockerfile:1"),
    "base-refused": Told(
        "refused", "registry", "linux/amd64", "", "load metadata for 127.0.0.1:1/acme/base:1.0", "Dockerfile:1"
    ),
    "base-short": Told("eof", "registry", "", "", FRESH + "base-short", "Dockerfile:1"),
    "blank-base": Told("dockerfile", "build", "", "", "", "Dockerfile:2"),
    "buildx-0.13-step": Told("step", "build", "linux/arm64", "", "RUN echo no such compiler; exit 3", "Dockerfile:2"),
    "cache-export": Told("refused", "registry", "", "", "exporting cache to registry"),
    "cache-import": Told("step", "build", "linux/amd64", "", "RUN echo no such compiler; exit 3", "Dockerfile:2"),
    "cross-built": Told(
        "step",
        "build",
        "linux/arm64",
        "build",
        'RUN test "arm64" = amd64 || { echo "cannot link for arm64"; exit 7; }',
        "Dockerfile:3",
    ),
    "disk-full": Told(
        "disk-full",
        "build",
        "",
        "stage-0",
        "RUN --mount=type=tmpfs,size=1m,target=/t dd if=/dev/zero of=/t/x bs=1M count=4",
        "Dockerfile:2",
    ),
    "engine-gone": Told("engine-lost", "build"),
    "engine-lost": Told("engine-lost", "build"),
    "entitlement": Told("entitlement", "build"),
    "failed-push": Told("refused", "registry", "", "", PUSH),
    "failing-step": Told(
        "step",
        "build",
        "linux/arm64",
        "build",
        "RUN echo hello from $(uname -m);     "
        'if [ "$(uname -m)" = aarch64 ]; then echo "no such compiler" >&2; exit 3; fi',
        "Dockerfile:3",
    ),
    "git-503": Told("remote-file", "build", "", "", "load git source http://127.0.0.1:5601/acme/x.git#main"),
    "killed": Told(
        "killed", "build", "linux/amd64", "", "RUN echo eating; sh -c 'kill -9 $$'; exit $?", "Dockerfile:2"
    ),
    "linked-fails": Told("step", "build", "linux/arm64", "base/stage-1", "RUN echo in base; exit 4", "Dockerfile:4"),
    "misleading-expansion": Told("dockerfile", "build", "", "", "", "Dockerfile:3"),
    "misleading-file": Told(
        "missing-file", "build", "linux/amd64", "", "COPY [connection reset by peer, /app/]", "Dockerfile:2"
    ),
    "misleading-mount": Told(
        "missing-file",
        "build",
        "",
        "stage-0",
        "RUN --mount=type=bind,from=127.0.0.1:5000/library/busybox:stable,source=/EOF,target=/x true",
        "Dockerfile:2",
    ),
    "misleading-step": Told(
        "download",
        "build",
        "linux/amd64",
        "",
        "RUN echo 'curl: (56) Recv failure: connection reset by peer'; "
        "echo '503 Service Unavailable: toomanyrequests' && exit 1",
        "Dockerfile:2",
    ),
    "misleading-user": Told("dockerfile", "build", "", "", "RUN true", "Dockerfile:3"),
    "misleading-workdir": Told("dockerfile", "build", "", "", "WORKDIR /EOF", "Dockerfile:3"),
    "missing-file": Told("missing-file", "build", "linux/arm64", "", "COPY nothing.txt /app/", "Dockerfile:3"),
    "missing-in-stage": Told("missing-file", "build", "linux/arm64", "two", "COPY --from=0 /nope /b", "Dockerfile:3"),
    "no-builder": Told("no-builder", "build"),
    "no-context": Told("missing-file", "build"),
    "no-dockerfile": Told("dockerfile", "build"),
    "no-emulation": Told("no-emulation", "build", "", "", "RUN true", "Dockerfile:4"),
    "no-match-for-platform": Told(
        "no-match-for-platform",
        "build",
        "linux/s390x",
        "",
        "load metadata for 127.0.0.1:5000/library/busybox:stable",
        "Dockerfile:1",
    ),
    "no-secret-file": Told("no-secret", "build"),
    "no-secret": Told(
        "no-secret",
        "build",
        "linux/arm64",
        "stage-0",
        "RUN --mount=type=secret,id=token,required cat /run/secrets/token",
        "Dockerfile:2",
    ),
    "no-such-base": Told(
        "no-such-manifest",
        "build",
        "linux/amd64",
        "",
        "load metadata for 127.0.0.1:5000/library/nothing:1",
        "Dockerfile:1",
    ),
    "no-such-stage": Told("dockerfile", "build"),
    "no-such-target": Told("bake-file", "build"),
    "node-gone": Told("node-lost", "build", "", "", "waiting for connection"),
    "node-lost": Told("engine-lost", "build"),
    "pull-403": Told("denied", "registry", "", "", BUSYBOX, "Dockerfile:1"),
    "pull-429": Told("rate-limit", "registry", "", "", BUSYBOX, "Dockerfile:1"),
    "pull-503": Told("registry-5xx", "registry", "", "", BUSYBOX, "Dockerfile:1"),
    "pull-eof": Told("eof", "registry", "", "", BUSYBOX, "Dockerfile:1"),
    "pull-reset": Told("reset", "registry", "", "", BUSYBOX, "Dockerfile:1"),
    "push-401": Told("unauthorized", "registry", "", "", PUSH),
    "push-403": Told("denied", "registry", "", "", PUSH),
    "push-404": Told("no-such-repository", "registry", "", "", PUSH),
    "push-413": Told("too-large", "registry", "", "", PUSH),
    "push-429": Told("rate-limit", "registry", "", "", PUSH),
    "push-500": Told("registry-5xx", "registry", "", "", PUSH),
    "push-503": Told("registry-5xx", "registry", "", "", PUSH),
    "push-dns": Told("dns", "registry", "", "", PUSH),
    "push-immutable": Told("tag-immutable", "registry", "", "", PUSH),
    "push-reset": Told("reset", "registry", "", "", PUSH),
    "push-upload-unknown": Told("upload-unknown", "registry", "", "", PUSH),
    "segfault": Told("killed", "build", "", "", "RUN sh -c 'kill -11 $$'; exit $?", "Dockerfile:2"),
    "token-401": Told("unauthorized", "registry", "", "", BUSYBOX, "Dockerfile:1"),
    "token-503": Told("registry-5xx", "registry", "", "", BUSYBOX, "Dockerfile:1"),
    "token-insufficient": Told("denied", "registry", "", "", BUSYBOX, "Dockerfile:1"),
    "unknown-instruction": Told("dockerfile", "build", "", "", "", "Dockerfile:2"),
}


def test_every_recording_is_told_of() -> None:
    assert {path.stem for path in RECORDED.glob("*.jsonl")} == {*BAKED, "linked", "linked-cached"}


@pytest.mark.parametrize("name", BAKED)
def test_a_recorded_failure_is_told_with_its_class_and_its_place(name: str) -> None:
    progress = Progress("web")
    for line in (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        progress.read(line)

    failure = progress.failure(1)

    platform = str(failure.platform or "")
    told = Told(failure.fault, failure.kind, platform, failure.stage, failure.step, failure.line)
    assert told == BAKED[name]
    assert failure.transient == (failure.fault in TRANSIENT)
    assert "_state=" not in failure.cause


@pytest.mark.parametrize(
    ("fault", "example"), EXAMPLES, ids=[f"{fault.name}-{number}" for number, (fault, _) in enumerate(EXAMPLES)]
)
def test_an_example_belongs_to_its_row(fault: Fault, example: Example) -> None:
    assert classify(example.vertex, example.words) is fault


@pytest.mark.parametrize("name", sorted({fault.name for fault in FAULTS}))
def test_each_class_was_recorded_or_has_an_example(name: str) -> None:
    assert any(fault.examples for fault in FAULTS if fault.name == name) or name in {
        told.fault for told in BAKED.values()
    }


def test_what_a_step_wrote_makes_no_fault_transient() -> None:
    assert not [fault.name for fault in FAULTS if fault.output and fault.transient]


@pytest.mark.parametrize(
    "output",
    [
        "E: Failed to fetch http://mirror.test/debian/pool/x.deb  503  Service Unavailable [IP: 10.0.0.1 80]",
        "W: Failed to fetch http://mirror.test/dists/trixie/InRelease  Temporary failure resolving 'mirror.test'",
        "I: running\nE: apt download failed: E: apt-get --yes failed: process exited with 100\nE: failed to run",
        "curl: (28) Failed to connect to x.test port 443 after 130 ms: Connection timed out",
        "curl: (22) The requested URL returned error: 503",
        "wget: bad address 'x.test'",
        "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='x.test'): Read timed out.",
        "npm error code ETIMEDOUT",
        "npm ERR! network request to https://x.test/left-pad failed, reason: getaddrinfo EAI_AGAIN x.test",
        'go: x.test/y@v1.0.0: Get "https://x.test/y.zip": dial tcp 10.0.0.1:443: i/o timeout',
        "WARNING: fetching https://x.test/v3.22/main: temporary error (try again later)",
        "fatal: unable to access 'https://x.test/y/': Could not resolve host: x.test",
        "warning: spurious network error (3 tries remaining): [28] Timeout was reached",
    ],
)
def test_a_download_that_failed_is_told_apart_by_what_the_step_wrote(output: str) -> None:
    fault = classify("[2/2] RUN x", 'process "/bin/sh -c x" did not complete successfully: exit code: 1', output)

    assert (fault.name, fault.transient) == ("download", False)


@pytest.mark.parametrize(
    "output",
    [
        "curl: (22) The requested URL returned error: 404",
        "E: Failed to fetch http://mirror.test/pool/x.deb  404  Not Found [IP: 10.0.0.1 80]",
        "E: Unable to locate package nope",
        "npm error code E404",
    ],
)
def test_what_is_not_there_is_no_download_that_another_time_would_succeed(output: str) -> None:
    words = 'process "/bin/sh -c x" did not complete successfully: exit code: 1'

    assert classify("[2/2] RUN x", words, output).name == "step"


MISLEADING = st.sampled_from([example.words for _, example in EXAMPLES])


@settings(deadline=None)
@given(
    command=st.text() | MISLEADING,
    status=st.integers(1, 255),
    output=st.text() | MISLEADING,
    prefix=st.sampled_from(["", "failed to solve: ", "target web: failed to solve: "]),
    has_vertex=st.booleans(),
)
def test_a_command_that_exits_is_the_authors_whatever_it_says(
    command: str, status: int, output: str, prefix: str, *, has_vertex: bool
) -> None:
    words = f"{prefix}process {json.dumps(command)} did not complete successfully: exit code: {status}"

    fault = classify(f"[build 2/3] RUN {command}" if has_vertex else "", words, output)

    assert fault.name in {"step", "killed", "no-emulation", "disk-full", "download"}
    assert not fault.transient


@settings(deadline=None)
@given(path=st.text() | MISLEADING)
def test_a_missing_file_is_the_authors_whatever_its_name(path: str) -> None:
    words = f"failed to calculate checksum of ref a::b: {json.dumps('/' + path)}: not found"

    assert classify("[2/2] COPY a b", words).name == "missing-file"


@pytest.mark.parametrize(
    "form",
    [
        "failed to process {quoted}: x: {text}",
        'process "/bin/sh -c true" did not complete successfully: unable to find user {text}: no matching entries',
        'process "/bin/sh -c true" did not complete successfully: open /{text}: no such file or directory',
        "mkdir /{text}: not a directory",
        "cannot copy to non-directory: /var/lib/docker/{text}",
        "cannot replace to directory /var/lib/docker/{text} with file",
    ],
)
@settings(deadline=None)
@given(text=st.text() | MISLEADING)
def test_words_of_the_author_make_no_fault_transient(form: str, text: str) -> None:
    words = form.format(text=text, quoted=json.dumps(f"${{x:?{text}}}"))

    assert not classify("[2/2] WORKDIR /x", words).transient
    assert not classify("", f"failed to solve: {words}").transient


@pytest.mark.parametrize(
    "words",
    [
        'Head "https://r.test/v2/": EOF',
        "failed to copy: unexpected EOF",
        "failed commit on ref: unexpected EOF: unavailable",
        "EOF",
    ],
)
def test_a_connection_that_ended_early_may_be_tried_again(words: str) -> None:
    assert classify(PUSH, words).name == "eof"


@pytest.mark.parametrize("words", ["no such thing: /a/EOF", "x509: no certificate for EOF.test", "EOF_MARKER is bad"])
def test_a_name_is_no_end_of_a_connection(words: str) -> None:
    assert not classify(PUSH, words).transient


def test_a_long_command_does_not_hide_how_it_ended() -> None:
    long = json.dumps("/bin/sh -c " + 'echo "\\" ' * 100_000)

    assert classify(RUN, f"process {long} did not complete successfully: exit code: 3").name == "step"


def test_a_long_path_does_not_hide_that_a_file_is_missing() -> None:
    words = f'failed to calculate checksum of ref a::b: "/{"EOF/" * 10_000}": not found'

    assert classify("[2/2] COPY a b", words).name == "missing-file"


@pytest.mark.parametrize(
    "piece",
    [
        *("a.", "a://", "http://", "http://a@", "http://a?", 'process "', '\\"', "executor failed running [", "[a/b "),
        *('failed to calculate checksum of ref "', "repository '", "retry after 1", "\x1b]"),
    ],
)
def test_a_megabyte_of_anything_is_read_once(piece: str) -> None:
    text = f"{piece * (1_000_000 // len(piece))} http://"

    assert without_secrets(text)
    assert bare(text)
    assert stated_wait(text) >= 0
    assert classify(text, text, text) in FAULTS
    assert read_name(f"[{text}").words
    assert read_part(text).words
    progress = Progress("web")
    progress.read(json.dumps({"vertexes": [{"digest": "a", "name": text, "started": "x", "error": text}]}))
    progress.read(text)
    assert progress.failure(1).cause


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_any_words_have_a_class(vertex: str, words: str, output: str) -> None:
    assert classify(vertex, words, output) in FAULTS


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("toomanyrequests: too many requests, retry-after: 7", 7.0),
        ("toomanyrequests: retry-after: 452.3µs, allowed: 44000/minute", 452.3e-6),
        ("429 Too Many Requests: Retry-After: 30", 30.0),
        ("please retry after 1m30s", 90.0),
        ("retry after 250ms", 0.25),
        ("toomanyrequests: slow down", 0.0),
        ("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
        ("retry after a while", 0.0),
    ],
)
def test_the_wait_that_a_registry_asks_for_is_read(words: str, seconds: float) -> None:
    assert stated_wait(words) == pytest.approx(seconds)


@settings(deadline=None)
@given(st.text(alphabet="retry-after: 0123456789.msµh", max_size=40))
def test_no_wait_is_negative_or_raises(words: str) -> None:
    assert stated_wait(words) >= 0


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("PUT http://r.test/v2/x?_state=abc%3D&digest=1: 413 Too Large", "PUT http://r.test/v2/x?…: 413 Too Large"),
        ('Get "https://r.test/v2/x?X-Amz-Signature=abc": EOF', 'Get "https://r.test/v2/x?…": EOF'),
        ("ADD https://me:secret@git.test/x.tgz /", "ADD https://git.test/x.tgz /"),
        ("fetch https://r.test/x?token=abc", "fetch https://r.test/x?…"),
        ("https://me:p@ss@git.test/x", "https://git.test/x"),
        ("HTTPS://me:it@git.test:8443?key=1", "HTTPS://git.test:8443?…"),
        ("see https://r.test/a?b=c.", "see https://r.test/a?…."),
        ("https://proxy.test/https://me:it@git.test/x", "https://proxy.test/https://git.test/x"),
        ("proxy=http://a:b@p.test,http://c:d@q.test", "proxy=http://p.test,http://q.test"),
        ("https://r.test/x#me@x", "https://r.test/x#me@x"),
        ("RUN what?ever me@x", "RUN what?ever me@x"),
        ('echo "://" a?b c@d', 'echo "://" a?b c@d'),
        ("https://r.test/plain: 404", "https://r.test/plain: 404"),
    ],
)
def test_a_url_gives_nothing_away(text: str, clean: str) -> None:
    assert without_secrets(text) == clean


@given(st.text(), st.sampled_from(("me", "me:it", "me:p@ss", "x-token:ghp_1?", "a%40b:c")), st.text())
def test_no_user_of_a_url_is_left_whatever_stands_around_it(before: str, user: str, after: str) -> None:
    assert f"//{user}@" not in without_secrets(f"{before} https://{user}@git.test/x.git {after}")


@given(st.text())
def test_a_text_without_urls_is_left_as_it_is(text: str) -> None:
    text = text.replace("://", "")

    assert without_secrets(text) is text
