"""bakec release diff and export, promote, and build --release-file, as a person types them, without an engine."""

import json
import os
import subprocess
from pathlib import Path

import httpx
import pytest

from bake_compiler.oci.reference import Reference
from bake_compiler.release.journal import begun
from bake_compiler.release.moves import Move
from bake_compiler.release_file import render_release_file
from tests.fakes import command
from tests.fakes.registry import FakeRegistry
from tests.fakes.releases import release, released
from tests.fakes.tags import index

GOLDEN = Path(__file__).parents[2] / "golden"
FILE = GOLDEN / "release" / "release.json"


def bakec(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": "/nonexistent", "NO_COLOR": "1"}
    return command.bakec(*words, cwd=root, env=environment)


@pytest.fixture
def older(tmp_path: Path) -> str:
    (tmp_path / "older.json").write_text(render_release_file(release(released("web"), released("gone"))))
    return "older.json"


def test_diff_tells_what_changed_with_success(tmp_path: Path, older: str) -> None:
    told = bakec(tmp_path, "release", "diff", older, str(FILE))
    document = bakec(tmp_path, "release", "diff", older, str(FILE), "--json")

    assert (told.returncode, document.returncode) == (0, 0)
    assert "\n- gone" in told.stdout
    assert told.stdout.splitlines()[-1] == "from 1.0-rc1 to 1.0-rc2: 3 added, 1 removed, 1 changed, 0 unchanged"
    assert [image["name"] for image in json.loads(document.stdout)["removed"]] == ["gone"]


@pytest.mark.parametrize(
    ("form", "golden"), [("compose", "compose.yml"), ("kustomize", "kustomization.yml"), ("env", "release.env")]
)
def test_export_writes_the_pins_to_stdout_or_a_file(tmp_path: Path, form: str, golden: str) -> None:
    pins = (FILE.parent / golden).read_text()

    assert bakec(tmp_path, "release", "export", "--format", form, str(FILE)).stdout == pins
    assert bakec(tmp_path, "release", "export", "-f", form, str(FILE), "-o", "pins").returncode == 0
    assert (tmp_path / "pins").read_text() == pins
    document = json.loads(bakec(tmp_path, "release", "export", "-f", form, str(FILE), "--json").stdout)
    assert document == {"schema": "bakec.pins/1", "format": form, "content": pins}


@pytest.mark.parametrize(
    "words",
    [
        ("release", "diff", "absent.json", str(FILE)),
        ("release", "diff", str(FILE), "broken.json"),
        ("release", "export", "--format", "env", "broken.json"),
        ("release", "export", "--format", "env", str(FILE), "-o", "/proc/no/pins"),
        ("promote", "absent.json", "--tag", "v1"),
        ("promote", "older.json", "--tag", "a b"),
        ("promote", "older.json", "--tag", "v1", "--project", "nowhere"),
    ],
)
@pytest.mark.usefixtures("older")
def test_what_can_not_be_read_or_written_is_two_lines_and_status_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "broken.json").write_text('{"schema": "bakec.release/1", "images": []}')

    ended = bakec(tmp_path, *words)

    assert ended.returncode == 2
    assert [line[:7] for line in ended.stderr.splitlines()] == ["error: ", " hint: "]
    assert ended.stdout == ""


def test_what_is_only_loaded_has_no_release_file() -> None:
    ended = bakec(GOLDEN / "minimal", "build", "--load", "--release-file", "release.json")

    assert ended.returncode == 2
    assert "--load publishes nothing" in ended.stderr


def test_an_image_that_is_not_there_ends_a_promotion_before_any_tag_moves(tmp_path: Path) -> None:
    text = render_release_file(release(released("web")))
    with FakeRegistry().serve() as host:
        (tmp_path / "release.json").write_text(text.replace("r.test/", f"{host}/"))

        ended = bakec(tmp_path, "promote", "release.json", "--tag", "v1")

    assert ended.returncode == 6, ended.stderr
    assert "error: no tag was moved" in ended.stderr
    assert not (tmp_path / ".bakec").exists()


def test_a_promotion_outside_of_a_project_is_seen_and_undone_where_it_was_made(tmp_path: Path) -> None:
    """The journal is in the working directory, and so the verbs that promote's last line names find it there."""
    fake, old, new = FakeRegistry(), index("old"), index("new")
    with fake.serve() as host:
        for tag, raw in (("v1", old), ("rc", new)):
            url = f"http://{host}/v2/web/manifests/{tag}"
            httpx.put(url, content=raw.content, headers={"Content-Type": raw.media_type}).raise_for_status()
        with begun(tmp_path, "20261125T032722-b80443", [Move(Reference.parse(f"{host}/web:v1"), new, old)]):
            pass

        for words, names in (("release status", old), ("release finish", new), ("rollback 20261125T032722", old)):
            ended = bakec(tmp_path, *words.split())

            assert (ended.returncode, ended.stderr) == (0, "")
            assert ended.stdout.startswith("release 20261125T032722-b80443: ")
            assert fake.repositories["web"].tags["v1"] == str(names.digest)


def test_where_neither_a_project_nor_a_release_is_the_project_is_missed(tmp_path: Path) -> None:
    ended = bakec(tmp_path, "rollback")

    assert ended.returncode == 2
    assert "no components/project.py" in ended.stderr
