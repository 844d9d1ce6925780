"""bakec build, as a person uses it: whole processes, with a buildx that builds nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.fakes import command
from tests.fakes.docker import AUTHOR, RECORDED, TRANSIENT
from tests.fakes.processes import all_end
from tests.fakes.site import Site

BUILDX = """\
#!/bin/sh
# Says what is in IMAGE.says, once; hangs while IMAGE.hangs is there; else it builds.
here=${0%/*}
case $1 in
version) echo "github.com/docker/buildx v0.29.1 abc" ;;
inspect) printf 'Driver: docker-container\n\nNodes:\nStatus: running\nPlatforms: linux/amd64, linux/arm64\n' ;;
bake)
    case $* in *" rawjson runs") exit 0 ;; esac  # programs of each platform, which all run
    for image; do test "$last" = --metadata-file && file=$image; last=$image; done
    test "$image" = rawjson && exit 1  # the base images, which are not to be had
    if test -f "$here/$image.hangs"; then echo $$ >"$here/$image.hangs"; exec sleep 300; fi
    if test -f "$here/$image.says"; then cat "$here/$image.says"; rm "$here/$image.says"; exit 1; fi
    echo "$image" >>"$here/built"
    echo '{"vertexes": [{"digest": "a", "name": "[linux/amd64 1/1] RUN make", "started": "2026-11-24T10:00:00Z",' \\
        '"completed": "2026-11-24T10:00:05Z"}]}'
    digest=sha256:0000000000000000000000000000000000000000000000000000000000000000
    echo "{\\"$image\\": {\\"containerimage.digest\\": \\"$digest\\"}}" >"$file" ;;
esac
"""
DOCKER = """\
#!/bin/sh
echo '{"ServerVersion": "28.5.2"}'
"""


class Shell:
    """A project, and a shell in it with that buildx.

    Attributes:
        root: the project's.
        plugins: the folder of that buildx, and of what it is to do.
        environ: the environment of each command.
    """

    def __init__(self, root: Path) -> None:
        Site.make(root)
        self.root = root
        self.plugins = root / "docker" / "cli-plugins"
        self.plugins.mkdir(parents=True)
        (self.plugins / "docker-buildx").write_text(BUILDX)
        (self.plugins / "docker-buildx").chmod(0o755)
        (self.plugins / "docker").write_text(DOCKER)
        (self.plugins / "docker").chmod(0o755)
        self.environ = {
            "PATH": f"{self.plugins}:{os.defpath}",
            "HOME": "/nonexistent",
            "DOCKER_CONFIG": str(root / "docker"),
        }

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """`bakec build`, running."""
        argv = [sys.executable, "-m", "bake_compiler", "build", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            argv, cwd=self.root, env={**self.environ, **environment}, stdout=pipe, stderr=pipe, text=True
        )

    def build(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`bakec build --load`, to its end."""
        return self.bare("--load", *words, **environment)

    def bare(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`bakec build`, to its end."""
        return command.bakec("build", *words, cwd=self.root, env={**self.environ, **environment})

    def says(self, image: str, recording: str) -> None:
        """Let the next bake process of an image fail like this."""
        text = (RECORDED / f"{recording}.jsonl").read_text(encoding="utf-8")
        (self.plugins / f"{image}.says").write_text(text, encoding="utf-8")

    @property
    def built(self) -> list[str]:
        """The images that were built, since this was last asked."""
        file = self.plugins / "built"
        names = file.read_text().split() if file.exists() else []
        file.unlink(missing_ok=True)
        return names


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def refused(ended: subprocess.CompletedProcess[str], *told: str) -> None:
    assert (ended.returncode, ended.stdout) == (2, "")
    assert all(each in ended.stderr for each in told), ended.stderr


# What a person reads.


def test_help_has_examples_and_all_options(shell: Shell) -> None:
    text = shell.bare("--help").stdout

    assert "\nExamples:\n  bakec build all\n" in text
    options = ("--retries", "--retry-pause", "--fail-fast", "--resume", "--plain", "--quiet", "--junit", "--load")
    assert [option for option in options if option not in text] == []
    assert "BAKEC_RETRY_PAUSE" in text


def test_a_build_tells_its_progress_on_stderr_and_what_it_came_to_on_stdout(shell: Shell) -> None:
    ended = shell.build()

    assert ended.returncode == 0
    assert sorted(shell.built) == ["hub", "other", "web"]
    assert all(name in ended.stdout for name in ("hub", "other", "web", "nothing was pushed"))
    assert all(name in ended.stderr for name in ("hub", "other", "web"))
    assert "\x1b" not in ended.stderr + ended.stdout


def test_as_json_stdout_is_the_report_and_stderr_an_event_a_line(shell: Shell) -> None:
    ended = shell.build("--json")

    report = json.loads(ended.stdout)
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (report["schema"], report["exit_code"]) == ("bakec.report/1", 0)
    assert (events[0]["event"], events[0]["schema"]) == ("run-began", "bakec.events/1")
    assert events[0]["run"] == events[-1]["run"] == report["run"]
    assert events[-1]["event"] == "run-ended"
    assert {event["event"] for event in events} >= {"attempt-began", "step-changed", "image-ended"}


def test_as_json_a_refusal_is_a_document_too(shell: Shell) -> None:
    (shell.plugins / "docker").write_text("#!/bin/sh\necho Cannot connect; exit 1\n")

    ended = shell.build("--json")

    document = json.loads(ended.stdout)
    assert (ended.returncode, document["schema"], document["good"]) == (7, "bakec.doctor/1", False)
    assert [each["subject"] for each in document["checks"] if each["state"] == "bad"] == ["docker"]
    assert ended.stderr.startswith("error: docker: Cannot connect; nothing was built\n hint: ")
    assert shell.build("--json", "--no-preflight").returncode == 0


def test_quiet_is_silent_but_for_what_failed(shell: Shell) -> None:
    assert shell.build("--quiet").stderr == ""
    shell.says("hub", AUTHOR)

    ended = shell.build("-q")

    assert ended.returncode == 4
    assert "hub" in ended.stderr
    assert "other" not in ended.stderr


def test_plain_has_no_control_characters(shell: Shell) -> None:
    shell.says("hub", AUTHOR)

    ended = shell.build("--plain", TERM="xterm-256color")

    assert {character for character in ended.stdout + ended.stderr if ord(character) < 32} == {"\n"}


def test_a_failure_is_told_with_its_place_its_last_words_and_its_log(shell: Shell) -> None:
    shell.says("hub", AUTHOR)

    ended = shell.build()

    assert ended.returncode == 4
    assert "no such compiler" in ended.stdout
    assert "components/hub/Dockerfile:3" in ended.stdout
    (log,) = shell.root.glob(".bakec/runs/*/hub.log")
    assert str(log.relative_to(shell.root)) in ended.stdout


# Attempts.


def test_a_fault_that_passes_is_tried_again_and_counted(shell: Shell) -> None:
    shell.says("hub", TRANSIENT)

    ended = shell.build("--retry-pause", "0", "--json")

    assert ended.returncode == 0
    (hub,) = (image for image in json.loads(ended.stdout)["images"] if image["name"] == "hub")
    assert [attempt["number"] for attempt in hub["attempts"]] == [1, 2]


def test_no_retries_are_no_retries(shell: Shell) -> None:
    shell.says("hub", TRANSIENT)

    assert shell.build("--retries", "0").returncode == 5


def test_fail_fast_builds_nothing_after_a_failure(shell: Shell) -> None:
    shell.says("hub", AUTHOR)

    assert shell.build("--fail-fast", "-j", "1").returncode == 4
    assert shell.built == []


@pytest.mark.parametrize("words", [("--retries", "-1"), ("--retries", "x"), ("--retry-pause", "-1"), ("-j", "0")])
def test_a_number_that_is_none_is_a_usage_error(words: tuple[str, ...], shell: Shell) -> None:
    refused(shell.build(*words), "Invalid value", words[0])


@pytest.mark.parametrize("pause", ["abc", "-1"])
def test_a_pause_in_the_environment_that_is_none_is_a_usage_error_that_names_it(pause: str, shell: Shell) -> None:
    refused(shell.build(BAKEC_RETRY_PAUSE=pause), "BAKEC_RETRY_PAUSE")


def test_a_dry_run_prints_the_commands_and_leaves_nothing(shell: Shell) -> None:
    ended = shell.build("--dry-run")

    assert ended.returncode == 0
    assert [line.rpartition(" ")[2] for line in ended.stdout.splitlines()] == ["hub", "other", "web"]
    assert shell.built == []
    assert not (shell.root / ".bakec").exists()


# For a CI.


def test_the_report_is_written_as_junit_too_with_the_folders_above_it(shell: Shell) -> None:
    shell.says("hub", AUTHOR)

    ended = shell.build("--junit", "out/junit.xml")

    assert ended.returncode == 4
    suites = ET.parse(shell.root / "out/junit.xml").getroot()  # noqa: S314 - ours
    assert suites.tag == "testsuites"
    assert "no such compiler" in ET.tostring(suites, encoding="unicode")


@pytest.mark.parametrize(("play", "code"), [("", 1), (AUTHOR, 4)])
def test_junit_that_can_not_be_written_costs_nobody_the_report(play: str, code: int, shell: Shell) -> None:
    (shell.root / "out").mkdir()
    if play:
        shell.says("hub", play)

    ended = shell.build("--junit", "out")

    assert ended.returncode == code
    assert "other" in ended.stdout
    assert "\nerror: " in f"\n{ended.stderr}"
    assert "out: Is a directory" in ended.stderr
    assert "\n hint: " in ended.stderr


def test_github_gets_annotations_and_a_summary(shell: Shell) -> None:
    shell.says("hub", AUTHOR)
    summary = shell.root / "summary.md"
    summary.write_text("# before\n")

    ended = shell.build(GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))

    assert ended.returncode == 4
    assert any(line.startswith("::error") and "hub" in line for line in ended.stderr.splitlines())
    assert summary.read_text().startswith("# before\n")
    assert "hub" in summary.read_text()
    assert "::error" not in ended.stdout


def test_elsewhere_nobody_gets_annotations(shell: Shell) -> None:
    shell.says("hub", AUTHOR)

    assert "::error" not in shell.build(GITHUB_STEP_SUMMARY="summary.md").stderr
    assert not (shell.root / "summary.md").exists()


# --resume.


def test_a_failed_run_is_resumed_as_it_was_asked(shell: Shell) -> None:
    shell.says("hub", AUTHOR)
    words = ("--allow", "network.host", "--insecure", "r.test", "--retries", "1", "-j", "2", "--junit", "junit.xml")
    shell.build("hub", "other", "--tag", "9", "--platform", "amd64,arm64", *words)
    assert shell.built == ["other"]

    ended = shell.bare("--resume", "--json")

    assert ended.returncode == 0
    assert sorted(shell.built) == ["hub", "other"]  # nothing proves that what was loaded is still there
    report = json.loads(ended.stdout)
    assert (report["tag"], report["resumes"]) == ("9", json.loads(ended.stderr.splitlines()[0])["resumes"])
    assert {image["name"]: image["kept_from"] for image in report["images"]} == {"hub": "", "other": ""}
    first, second = (json.loads(each.read_text())["options"] for each in shell.root.glob(".bakec/runs/*/run.json"))
    assert first == second
    assert (first["allow"], first["insecure"], first["retries"], first["jobs"]) == (["network.host"], ["r.test"], 1, 2)
    assert first["junit"] == str(shell.root / "junit.xml")


@pytest.mark.parametrize(
    "words",
    [
        ("other", "hub"),
        ("--tag", "9"),
        ("--platform", "arm64,amd64"),
        ("--platform", "arm64", "--platform", "x86_64"),
        ("--registry", "127.0.0.1:5000/"),
        ("--load",),
        ("-j", "3", "--retries", "0", "--fail-fast", "--quiet"),
    ],
)
def test_what_is_the_same_or_no_matter_may_be_said_again(words: tuple[str, ...], shell: Shell) -> None:
    shell.says("hub", AUTHOR)
    shell.build("hub", "other", "--tag", "9", "--platform", "amd64,arm64")

    assert shell.bare("--resume", *words).returncode == 0


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        (("web",), {}, "another SELECTOR: hub, other"),
        (("--tag", "8"), {}, "another --tag: 9"),
        ((), {"BAKEC_TAG": "8"}, "another --tag: 9"),
        (("--registry", "elsewhere.test"), {}, "another --registry: 127.0.0.1:5000"),
        (("--platform", "arm64"), {}, "another --platform: linux/amd64, linux/arm64"),
        (("--var", "A=1"), {}, "another --var: none"),
        (("--dry-run",), {}, "--resume can't be combined with --dry-run"),
        (("--sign", "keyless"), {}, "--sign can't be combined with --load"),
    ],
)
def test_a_run_is_not_resumed_otherwise_than_it_was_asked(
    words: tuple[str, ...], environment: Mapping[str, str], told: str, shell: Shell
) -> None:
    shell.says("hub", AUTHOR)
    shell.build("hub", "other", "--tag", "9", "--platform", "amd64,arm64")
    _ = shell.built

    refused(shell.bare("--resume", *words, **environment), told, " hint: ")
    assert shell.built == []


def test_a_run_that_pushed_is_not_resumed_as_one_that_loads(shell: Shell) -> None:
    run = shell.root / ".bakec/runs/20261124T100000-aaaaaa/run.json"
    shell.says("hub", AUTHOR)
    shell.build("hub")
    (real,) = shell.root.glob(".bakec/runs/*/run.json")
    run.parent.mkdir()
    asked = json.loads(real.read_text())
    run.write_text(json.dumps({**asked, "run": run.parent.name, "options": {**asked["options"], "push": True}}))
    for file in real.parent.iterdir():
        file.unlink()
    real.parent.rmdir()

    refused(shell.bare("--resume", "--load"), "asked for another --push/--load: --push")


def test_other_words_than_those_of_a_run_that_ended_well_are_refused_too(shell: Shell) -> None:
    shell.build("--tag", "9")

    refused(shell.bare("--resume", "--tag", "10"), "was asked for another --tag", " hint: ")


def test_without_a_run_there_is_nothing_to_resume(shell: Shell) -> None:
    refused(shell.bare("--resume"), "no run is kept here", " hint: ")


# Interruptions.


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_ends_its_children_tells_what_was_done_and_is_resumed(
    ending: signal.Signals, shell: Shell
) -> None:
    hanging = shell.plugins / "hub.hangs"
    hanging.touch()
    with shell.start("--load", "--json") as running:
        assert running.stderr is not None
        seen = ""
        while not hanging.read_text().strip() or '"image-ended"' not in seen:
            seen += running.stderr.readline() if '"image-ended"' not in seen else ""
        pid = int(hanging.read_text())
        running.send_signal(ending)
        out, err = running.communicate(timeout=120)

    assert running.returncode == 130
    assert "Traceback" not in err
    assert all_end([pid])
    report = json.loads(out)
    cells = {cell["image"]: cell["outcome"] for image in report["images"] for cell in image["cells"]}
    assert cells == {"hub": "blocked", "other": "loaded", "web": "blocked"}
    hanging.unlink()
    _ = shell.built
    assert shell.bare("--resume").returncode == 0
    assert sorted(shell.built) == ["hub", "other", "web"]


def test_a_killed_build_is_told_and_resumed(shell: Shell) -> None:
    hanging = shell.plugins / "hub.hangs"
    hanging.touch()
    with shell.start("--load", "--json") as running:
        assert running.stderr is not None
        assert any('"image-ended"' in line for line in running.stderr)
        while not hanging.read_text().strip():
            pass
        pid = int(hanging.read_text())
        refused(shell.bare("--resume"), "still goes on")
        running.kill()
        running.communicate(timeout=120)

    assert all_end([pid])
    hanging.unlink()
    _ = shell.built
    assert shell.bare("--resume").returncode == 0
    assert sorted(shell.built) == ["hub", "other", "web"]
