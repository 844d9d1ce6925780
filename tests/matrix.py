"""`./dev matrix`: the tests that need no engine, with each Python and with the lowest dependencies that are allowed."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LOWEST = "lowest"
TESTS = ("--ignore=tests/integration", "--ignore=tests/sandbox", "-m", "not buildx")


def main(arguments: Sequence[str]) -> int:
    """Run the tests for each name, print a line for each, and return 0 only if all of them ran and passed.

    Args:
        arguments: Pythons such as `3.12`, and `lowest`; all, if there are none. What follows `--` goes to pytest.
    """
    at = arguments.index("--") if "--" in arguments else len(arguments)
    names, tests = arguments[:at] or (*PYTHONS, LOWEST), arguments[at + 1 :]
    if wrong := [name for name in names if name != LOWEST and not re.fullmatch(r"3\.\d+", name)]:
        sys.stderr.write(f"matrix: error: {wrong[0]!r} is neither a Python such as 3.12 nor {LOWEST}\n")
        return 2
    told = {name: _result(name, tests) for name in names}
    print(*(f"matrix: {name}: {text}" for name, text in told.items()), sep="\n")  # noqa: T201 - the result of the verb
    return int(any(not text.startswith("passed") for text in told.values()))


def _result(name: str, tests: Sequence[str]) -> str:
    version = PYTHONS[0] if name == LOWEST else name
    python = next(_found(version), None)
    if python is None:
        return f"could not run: python{version} is not on PATH, not in ~/.pyenv/versions, and uv finds none"
    venv = ROOT / ".matrix" / name
    try:
        subprocess.run([python, "-m", "venv", "--clear", venv], check=True)
        pip = (
            venv / "bin/python",
            "-m",
            "pip",
            "--quiet",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "install",
        )
        subprocess.run([*pip, *(lowest() if name == LOWEST else LOCKED)], check=True, cwd=ROOT)
        subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", "."], check=True, cwd=ROOT)
    except subprocess.CalledProcessError as error:
        return f"could not run: {python}: {' '.join(map(str, error.cmd[:4]))} … ended with {error.returncode}"
    ended = subprocess.run([venv / "bin/python", "-m", "pytest", *TESTS, *tests], check=False, cwd=ROOT).returncode
    return f"{'failed' if ended else 'passed'} ({python})"


LOCKED = ("--require-hashes", "--requirement", "requirements.lock")


def lowest() -> list[str]:
    """What pip installs: each dependency at its floor in pyproject.toml, each tool of the tests as it is locked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    ours = [*project["project"]["dependencies"], *(each for extra in extras for each in extra)]
    floors = [re.sub(r">=([\d.]+)[^;]*", r"==\1", each) for each in ours]
    lock = dict(
        re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    )
    tools = [re.split(r"[<>=~\[ ]", each)[0] for each in project["dependency-groups"]["dev"]]
    return [*floors, *(f"{name}=={lock[name]}" for name in tools)]


def _found(version: str) -> Iterator[str]:
    """Pythons of this version that start: on PATH, pyenv's, uv's."""
    uv = shutil.which("uv")
    asked = [uv, "python", "find", "--no-python-downloads", version] if uv else ["true"]
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(map(str, Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python3"))),
        subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip(),
    ]
    for python in filter(None, candidates):
        says = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if subprocess.run(says, capture_output=True, text=True, check=False).stdout.strip() == version:
            yield python


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main(sys.argv[1:]))
