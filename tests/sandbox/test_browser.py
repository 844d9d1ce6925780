"""The browser that tests open pages in: the machine's own where there is one, else fetched once and made to run."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox import browser
from sandbox.archive import Archive
from sandbox.state import SandboxError, State, run_step

SHELL = "usr/lib/chromium/chromium-headless-shell"


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.of(tmp_path)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """An archive: package → what its program does when it is run; a machine without a browser."""
    there = {"chromium-headless-shell_150_amd64": 'echo "$LD_LIBRARY_PATH"; cat "$FONTCONFIG_FILE"', "libc6_2.36": ""}

    def closure(_: Archive, names: Sequence[str], suite: str) -> list[Path]:
        assert "chromium-headless-shell" in names
        if not there:
            raise SandboxError(f"step closure-{suite}", "see its log")
        folder = tmp_path / "debs"
        folder.mkdir(exist_ok=True)
        for name in there:
            (folder / f"{name}.deb").touch()
        return sorted(folder.iterdir())

    def step_of(state: State, step: str, argv: Sequence[str | Path]) -> str:
        if step == "unpack-browser":
            deb, prefix = Path(argv[-2]), Path(argv[-1])
            program = prefix / SHELL if deb.name.startswith("chromium") else prefix / "lib/x-linux-gnu/libc.so.6"
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(f"#!/bin/sh\n{there[deb.stem]}\n")
            program.chmod(0o755)
            (prefix / "usr/lib/x-linux-gnu").mkdir(parents=True, exist_ok=True)
            return ""
        return run_step(state, step, argv)

    monkeypatch.setenv("PATH", "/nonexistent:/bin:/usr/sbin")
    monkeypatch.setenv("BAKEC_SANDBOX_ARCHIVE", "http://archive.test/debian")
    monkeypatch.setattr(browser, "_OWN", ("no-such-browser",))
    monkeypatch.setattr(Archive, "update", lambda *_: None)
    monkeypatch.setattr(Archive, "closure", closure)
    monkeypatch.setattr(browser, "run_step", step_of)
    return there


def test_the_machine_s_own_browser_goes_first(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "chromium"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", f"{state.bin}:{tmp_path}")

    assert browser.program(state) == own


@pytest.mark.usefixtures("packages")
def test_a_fetched_browser_runs_with_its_own_libraries_and_fonts_but_the_machine_s_c_library(state: State) -> None:
    program = browser.program(state)

    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    own = state.prefix / "browser"
    assert said.startswith(f"{own}/usr/lib/x-linux-gnu\n")
    assert '<dir prefix="relative">usr/share/fonts</dir>' in said
    assert not (own / "lib").exists()


def test_fetches_once(state: State, packages: dict[str, str]) -> None:
    first = browser.program(state)
    packages.clear()

    assert browser.program(state) == first


def test_a_program_that_does_not_run_here_is_not_kept(state: State, packages: dict[str, str]) -> None:
    packages["chromium-headless-shell_150_amd64"] = "exit 127"

    with pytest.raises(SandboxError, match="exited with 127"):
        browser.program(state)

    assert not (state.bin / "chromium-headless-shell").exists()


def test_an_archive_out_of_reach_is_an_error(state: State, packages: dict[str, str]) -> None:
    packages.clear()

    with pytest.raises(SandboxError, match="step closure"):
        browser.program(state)
