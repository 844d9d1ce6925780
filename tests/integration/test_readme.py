"""What the README shows is so."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import Stack

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_component_of_the_readme_loads_and_plans(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example
    components = tmp_path / "components"
    dockerfile = re.search(r"```dockerfile\n(.*?)```", README, re.DOTALL)
    assert dockerfile
    for name, text in {"apphub": "FROM scratch\n", "web": dockerfile[1]}.items():
        (components / name).mkdir(parents=True)
        (components / name / "Dockerfile").write_text(text)
    (components / "project.py").write_text((ROOT / "components" / "project.py").read_text())
    (components / "apphub" / "component.py").write_text((ROOT / "components" / "apphub" / "component.py").read_text())
    (components / "web" / "component.py").write_text(example[1])

    plan = subprocess.run(
        [sys.executable, "-m", "bake_compiler", "plan", "web"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert plan.returncode == 0, plan.stderr
    assert "web-init" in plan.stdout


def test_each_verb_and_option_of_the_readme_exists() -> None:
    for verb, rest in re.findall(r"^\| `bakec (\w+)[^`]*` \|(.*)\|$", README, re.MULTILINE):
        text = subprocess.run(
            [sys.executable, "-m", "bake_compiler", verb, "--help"], capture_output=True, text=True, check=True
        ).stdout
        for option in re.findall(r"`(--?[a-z-]+)`", rest):
            assert option in text, f"{verb} {option}"


def test_dev_has_the_verbs_that_it_shows() -> None:
    shown = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    for verb in ("demo", "test", "check", "golden", "bench", "sandbox"):
        assert re.search(rf"^  {verb}\b", shown, re.MULTILINE)


def test_the_demo_shown_lists_every_image_of_the_committed_file() -> None:
    images = re.findall(r'tags\s+= \[ref\("ai-infra-([a-z-]+)"\)\]', (ROOT / "docker-bake.hcl").read_text())
    rows = re.findall(r"^│ ([a-z-]+) +│ built [\d.]+ MB +│ built [\d.]+ MB +│", README, re.MULTILINE)

    assert len(images) == 13
    assert rows == images


def test_the_mistake_shown_reads_as_it_does(tmp_path: Path) -> None:
    shown = re.search(r"```text\n(error: components/.*?)```", README, re.DOTALL)
    assert shown
    shutil.copytree(ROOT / "components", tmp_path / "components")
    model = tmp_path / "components/backend/component.py"
    model.write_text(model.read_text().replace('            stage="backend-init",\n', ""))

    ended = subprocess.run(
        [sys.executable, "-m", "bake_compiler", "compile"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (3, shown[1])


def test_the_command_that_verifies_any_image_runs(capfd: pytest.CaptureFixture[str]) -> None:
    command = re.search(r"^    (bakec verify .*--deep)$", README, re.MULTILINE)
    assert command
    line = command[1].replace("bakec", f"{sys.executable} -m bake_compiler", 1)

    subprocess.run(["sh", "-euc", line], check=True)

    assert "2 cells: 2 verified" in capfd.readouterr().out


def test_the_lie_shown_is_seen_by_deep_alone(stack: Stack) -> None:
    shown = re.search(r"```text\n(error: web .*?)```", README, re.DOTALL)
    assert shown
    lie = (
        "FROM --platform=linux/amd64 busybox:stable AS tools\nFROM busybox:stable\n"
        'COPY --from=tools /bin/busybox /bin/busybox\nCMD ["/bin/busybox"]\n'
    )
    stack.component("web", lie, 'Image(name="web")')

    assert stack.build("web").status == 0
    assert stack.bakec("verify", "web").status == 0
    ended = stack.bakec("verify", "web", "--deep")
    assert ended.status == 6
    assert shown[1] in ended.out
    assert stack.build("web", "--deep").status == 6
