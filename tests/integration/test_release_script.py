"""scripts/release.sh and the CI examples that use it, on the real engine and a real registry."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty import Status, faulty
from tests.integration.conftest import HUB, Ended, Stack

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/release.sh"
EXAMPLES = ROOT / "examples/ci"
DOCS = (ROOT / "docs/release-scripts.md").read_text(encoding="utf-8")
IMAGES = ("api", "web")
NO_TAGS = tuple(f"{name}:{tag} is no tag" for tag in ("rc-v1.4.0", "v1.4.0") for name in IMAGES)


@pytest.fixture
def project(stack: Stack) -> Stack:
    """Two images on busybox for both platforms, compiled, with the script; tags that begin with v are protected."""
    for name in ("hub", "pair"):
        shutil.rmtree(stack.root / "components" / name)
    stack.component("api", HUB, 'Image(name="api", smoke=("cat", "/machine"))')
    stack.component("web", "FROM api\nRUN cat /machine\n", 'Image(name="web")', needs='["api"]')
    models = stack.root / "components/project.py"
    models.write_text(models.read_text().replace("platforms=", 'protect=("v*",), platforms='))
    (stack.root / "scripts").mkdir()
    shutil.copy(SCRIPT, stack.root / "scripts")
    assert stack.bakec("compile").status == 0
    return stack


def environment(project: Stack, env: Mapping[str, str]) -> dict[str, str]:
    """What a script gets: bakec on PATH, and none of what this machine's own CI says."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI_"))}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**ours, "PATH": path, "BAKEC_REGISTRY": project.registry, "BAKEC_RETRY_PAUSE": "0", **env}


def run(project: Stack, *argv: str, **env: str) -> Ended:
    done = subprocess.run(
        argv, cwd=project.root, env=environment(project, env), capture_output=True, text=True, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def release(project: Stack, *words: str, **env: str) -> Ended:
    return run(project, "scripts/release.sh", *words, **env)


def told(project: Stack, ended: Ended) -> str:
    """What the script said at its end, images without their registry."""
    said = re.search(r"^release \S+: (?:done|stopped).*", ended.err, re.DOTALL | re.MULTILINE)
    assert said, ended.err
    return re.sub(rf"127\.0\.0\.1:\d+/{project.root.name}/", "", said[0])


def digest(project: Stack, image: str, tag: str) -> str | None:
    answer = Stack(project.root, project.registry, tag).manifest(image)
    return answer.headers.get("Docker-Content-Digest") if answer.is_success else None


def written(project: Stack, name: str) -> Any:
    return json.loads((project.root / "release" / name).read_text())


def test_a_release_is_built_verified_promoted_and_pinned_and_the_same_again_is_no_harm(project: Stack) -> None:
    ended = release(project, "v1.4.0", ALSO="v1.4 latest", BAKEC_TAG="not-this")

    assert ended.status == 0, ended.err
    final = {image["name"]: image["digest"] for image in written(project, "release.json")["images"]}
    for name in IMAGES:
        assert final[name] == digest(project, name, "rc-v1.4.0")
        assert {digest(project, name, tag) for tag in ("v1.4.0", "v1.4", "latest")} == {final[name]}
        assert digest(project, name, "not-this") is None
    said = told(project, ended)
    assert [line for line in said.splitlines() if line.startswith("  ")] == [
        f"  {name}:{tag} {final[name]}" for tag in ("rc-v1.4.0", "v1.4.0") for name in IMAGES
    ]
    undo = re.fullmatch(
        r"release v1.4.0: pins are in release/pins; to undo: bakec rollback (\S+)", said.split("\n")[-2]
    )
    assert undo
    assert {path.name for path in (project.root / "release").iterdir()} == {
        *("candidate.json", "promotion.json", "release.json", "junit.xml", "report.html", "pins")
    }
    assert_pins_work(project, final)

    again = release(project, "v1.4.0", ALSO="v1.4 latest")
    assert again.status == 0, again.err
    assert re.search(r"unchanged", again.out)
    assert told(project, again).endswith("\nrelease v1.4.0: pins are in release/pins\n")

    assert run(project, "bakec", "rollback", undo[1]).status == 0


def assert_pins_work(project: Stack, final: Mapping[str, str]) -> None:
    """Compose starts from them, and a shell has them."""
    (project.root / "compose.yml").write_text('services:\n  web: {image: "web:v0", environment: {A: "1"}}\n')
    config = ("docker", "compose", "-f", "compose.yml", "-f", "release/pins/compose.yml", "config", "--format", "json")
    services = json.loads(run(project, *config).out)["services"]
    pinned = {name: f"{project.registry}/{project.root.name}/{name}@{final[name]}" for name in IMAGES}
    assert {name: service["image"] for name, service in services.items()} == pinned
    assert services["web"]["environment"] == {"A": "1"}
    shell = run(project, "sh", "-euc", '. release/pins/images.env; bakec verify "$API_IMAGE" "$WEB_IMAGE" --json')
    assert shell.status == 0, shell.err
    assert [image["digest"] for image in shell.document["images"]] == [final[name] for name in IMAGES]


def test_the_story_that_docs_tell_a_failure_a_release_and_a_version_that_is_taken(project: Stack) -> None:
    failing, released, taken = map(
        lines_of_the_script, re.findall(r"^```text\n(.*?)```$", DOCS, re.DOTALL | re.MULTILINE)
    )
    project.component("web", "FROM api\nRUN ehco web\n", 'Image(name="web")', needs='["api"]')

    failed = release(project, "v1.4.0")

    assert (failed.status, lines_of_the_script(failed.err)) == (4, failing)
    assert "ehco: not found" in failed.out
    assert {digest(project, name, tag) for name in IMAGES for tag in ("rc-v1.4.0", "v1.4.0")} == {None}
    assert {path.name for path in (project.root / "release").iterdir()} == {"junit.xml", "report.html", "pins"}

    project.component("web", "FROM api\nRUN echo web\n", 'Image(name="web")', needs='["api"]')
    mended = release(project, "v1.4.0")
    assert (mended.status, lines_of_the_script(mended.err)) == (0, released)
    assert re.search(r"api +unchanged", mended.out)
    assert re.search(r"web +built", mended.out)

    first = {name: digest(project, name, "v1.4.0") for name in IMAGES}
    project.component("api", f"{HUB}ENV A=1\n", 'Image(name="api")')
    other = release(project, "v1.4.0")
    assert other.status == 6
    assert {name: digest(project, name, "v1.4.0") for name in IMAGES} == first
    assert digest(project, "api", "rc-v1.4.0") not in {first["api"], None}
    assert lines_of_the_script(told(project, other)) == taken[-len(IMAGES) * 2 - 2 :]
    assert not (project.root / "release/release.json").exists()
    assert not any(path.is_file() for path in (project.root / "release/pins").rglob("*"))

    move_away(project, "api", "rc-v1.4.0")
    torn = release(project, "v1.4.0", "no-such-image")
    assert torn.status == 2
    assert torn.err.splitlines()[-1].split(": ", 1)[1] in re.sub(r"\s+", " ", DOCS)
    assert "bakec release finish, or bakec rollback" in torn.err.splitlines()[-1]


def lines_of_the_script(text: str) -> list[str]:
    """Of all that was printed, what the script said; what differs from one run to the next is the same."""
    text = re.sub(r"127\.0\.0\.1:\d+/\w+/", "", text)
    text = re.sub(r"\d{8}T\d{6}-[0-9a-f]{6}", "ID", re.sub(r"sha256:[0-9a-f]{64}", "DIGEST", text))
    return [line for line in text.splitlines() if re.match(r"release \S+: |  \w+:\S+ (is|DIGEST)", line)]


def move_away(project: Stack, image: str, tag: str) -> None:
    """Someone else gives a tag to one platform of its image."""
    at = Stack(project.root, project.registry, tag)
    child = Stack(project.root, project.registry, at.manifest(image).json()["manifests"][0]["digest"]).manifest(image)
    at.put_manifest(image, child.content, child.headers["Content-Type"])


def test_what_can_not_be_signed_is_not_released(project: Stack) -> None:
    ended = release(project, "v1.4.0", "api", SIGN="no-such.key")

    assert ended.status == 7, ended.err
    assert "error: cosign: --sign" in ended.err
    assert told(project, ended).count("is no tag") == 2


def test_a_signal_to_the_script_alone_ends_bakec_too_and_no_tag_moves(project: Stack) -> None:
    project.component("web", "FROM api\nRUN sleep 301\n", 'Image(name="web")', needs='["api"]')
    assert project.bakec("compile").status == 0
    process = subprocess.Popen(
        ["scripts/release.sh", "v1.4.0"],
        cwd=project.root,
        env=environment(project, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr
    before = "".join(iter_until(process.stderr, "web building"))
    time.sleep(1)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    ended = Ended(process.returncode, out, before + err)
    assert ended.status == 130, ended.err
    assert told(project, ended).startswith("release v1.4.0: stopped: bakec build ended with 130\n")
    assert all(line in told(project, ended) for line in NO_TAGS)


def iter_until(lines: Any, words: str) -> Iterator[str]:
    """Lines up to the one with these words, whatever is between them."""
    for line in lines:
        yield line
        if words in re.sub(" +", " ", line):
            return


def test_a_registry_that_does_not_say_is_not_taken_for_one_without_tags(project: Stack) -> None:
    with faulty(project.registry) as proxy:
        proxy.rule = lambda _: Status(403)
        ended = release(project, "v1.4.0", "api", BAKEC_REGISTRY=proxy.address)

    assert ended.status in {5, 7}, ended.err
    assert told(project, ended).count("api:v1.4.0 is not known\n") == 1, ended.err
    assert "is no tag" not in ended.err


def test_without_a_version_it_says_how_it_is_used(project: Stack) -> None:
    assert release(project) == Ended(2, "", "usage: scripts/release.sh VERSION [SELECTOR...]\n")


@pytest.mark.parametrize("shell", ["dash", "bash --posix", "docker run --rm -q -i busybox:stable sh"])
def test_the_script_is_plain_sh(shell: str) -> None:
    text = SCRIPT.read_text()
    done = subprocess.run([*shell.split(), "-n"], input=text, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(text.splitlines()) < 60


def parsed(example: str) -> Any:
    """A YAML file as Compose's reader has it, which takes any document under a key x-…."""
    text = "".join(f"  {line}\n" for line in (EXAMPLES / example).read_text().splitlines())
    done = subprocess.run(
        ["docker", "compose", "-f", "-", "-p", "ci", "config", "--no-interpolate", "--format", "json"],
        input=f"services: {{}}\nx-ci:\n{text}",
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)["x-ci"]


def test_the_example_for_github_actions_releases_what_was_tagged(project: Stack) -> None:
    job = parsed("github-actions.yml")["jobs"]["release"]
    env = {name: value.replace("${{ vars.REGISTRY }}", project.registry) for name, value in job["env"].items()}
    summary = project.root / "summary.md"
    ours = [step["run"] for step in job["steps"] if "run" in step and step["name"] != "Install bakec"]
    assert [step["uses"].split("@")[0] for step in job["steps"] if "uses" in step] == [
        "actions/checkout",
        "docker/setup-qemu-action",
        "docker/setup-buildx-action",
        "docker/login-action",
        "actions/setup-python",
        "actions/upload-artifact",
    ]

    env |= {"GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "v2.0.0", "GITHUB_STEP_SUMMARY": str(summary)}
    for step in ours:
        ended = run(project, "bash", "-e", "-c", step, **env)
        assert ended.status == 0, ended.err

    assert digest(project, "web", "v2.0.0") == digest(project, "web", "rc-v2.0.0") is not None
    assert "| web |" in summary.read_text()
    assert f"WEB_IMAGE={project.registry}" in summary.read_text()
    keep = job["steps"][-1]
    assert keep["if"] == "always()"
    assert_kept(project, keep["with"]["path"].split())


def test_the_example_for_gitlab_releases_what_was_tagged(project: Stack) -> None:
    job = parsed("gitlab-ci.yml")["release"]
    given = {"CI": "true", "GITLAB_CI": "true", "CI_COMMIT_TAG": "v2.0.0", "CI_REGISTRY_IMAGE": project.registry}
    env = {name: re.sub(r"\$(\w+)", lambda found: given[found[1]], value) for name, value in job["variables"].items()}

    ended = run(project, "sh", "-ec", "\n".join(job["script"]), **given, **env)

    assert ended.status == 0, ended.err
    assert digest(project, "web", "v2.0.0") == digest(project, "web", "rc-v2.0.0") is not None
    assert job["artifacts"]["when"] == "always"
    assert_kept(project, [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]])
    syntax = run(project, "sh", "-n", "-c", "\n".join(job["before_script"]))
    assert (syntax.status, syntax.err) == (0, "")


def assert_kept(project: Stack, paths: list[str]) -> None:
    """What a CI keeps is there: all that the script wrote, and the journal of both releases."""
    assert all((project.root / path).exists() for path in paths)
    assert {"release/", ".bakec/releases/"} <= set(paths)
    assert len(list((project.root / ".bakec/releases").glob("*.jsonl"))) == 2
