"""What of a Dockerfile is for one platform whatever is built: a mistake where that is surely wrong, else a warning."""

from pathlib import Path

import pytest

from bake_compiler.project.planned import plan_with_inputs, warnings_of
from tests.fakes.project import write, write_project
from tests.unit.plan.check.written import component_py, told

DOCKERFILE = "components/web/Dockerfile"
ONLY_AMD64 = 'name="web", platforms=Only(platforms=["amd64"], reason="no arm64 yet")'
URL = "https://example.com/tool-linux-amd64.tar.gz"


def mistakes(root: Path, dockerfile: str, image: str = 'name="web"') -> list[str]:
    return [problem for problem, _ in told(root, component_py(image), files={DOCKERFILE: dockerfile})]


def warnings(root: Path, dockerfile: str, image: str = 'name="web"') -> list[str]:
    write_project(root, {"web": component_py(image)})
    write(root / DOCKERFILE, dockerfile)
    return [str(problem) for problem in warnings_of(root, *plan_with_inputs(root))]


@pytest.mark.parametrize(
    ("dockerfile", "line", "says"),
    [
        ("FROM a\nARG TARGETARCH=amd64\nRUN x\n", 2, "so it is wrong for linux/arm64"),
        (
            "ARG TARGETPLATFORM=linux/arm64\nFROM a\n",
            1,
            "wrong for linux/amd64",
        ),
        ("FROM a\nARG TARGETVARIANT=v2\n", 2, "wrong for linux/amd64, linux/arm64"),
        ("FROM --platform=$BUILDPLATFORM a\n", 1, "for the build platform, and its image would be"),
        ("FROM --platform=$BUILDPLATFORM a AS b\nFROM b\n", 2, "for the build platform, and its image would be"),
        ("FROM --platform=linux/amd64 a\n", 1, "for linux/amd64, and its image would be labelled as linux/arm64"),
    ],
)
def test_what_is_wrong_for_a_wanted_platform_is_a_mistake(
    tmp_path: Path, dockerfile: str, line: int, says: str
) -> None:
    (found,) = mistakes(tmp_path, dockerfile)

    assert found.startswith(f"{DOCKERFILE}:{line}: ")
    assert says in found
    assert found.endswith("[web]")


@pytest.mark.parametrize(
    ("dockerfile", "line", "says"),
    [
        ("FROM a\nARG BUILDARCH=amd64\n", 2, "counts before the value that BuildKit would set"),
        ("FROM --platform=linux/amd64 a AS b\nFROM c\nCOPY --from=b / /\n", 1, "emulated if linux/amd64 is not native"),
        (f"FROM a\nRUN curl -fsSL {URL} | tar -xz\n", 2, f"{URL} is for amd64 alone, and linux/arm64 is wanted too"),
        (f"FROM a\nADD {URL} /x\n", 2, f"{URL} is for amd64 alone"),
        ("FROM a\nRUN wget https://example.com/aarch64/tool\n", 2, "is for arm64 alone, and linux/amd64 is wanted"),
    ],
)
def test_what_may_be_meant_is_a_warning_and_no_mistake(tmp_path: Path, dockerfile: str, line: int, says: str) -> None:
    (found,) = warnings(tmp_path, dockerfile)

    assert found.startswith(f"{DOCKERFILE}:{line}: ")
    assert says in found


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM a\nARG TARGETARCH\nRUN x\n",
        "ARG TARGETARCH=${TARGETARCH}\nFROM a\n",
        "FROM --platform=$BUILDPLATFORM a AS b\nFROM c\nCOPY --from=b / /\n",
        "FROM --platform=$TARGETPLATFORM a\n",
        "FROM --platform=$BUILDPLATFORM scratch\nCOPY x /x\n",
        "FROM a AS x-amd64\nFROM b AS x-arm64\nFROM x-$TARGETARCH\n",
        "FROM a\nRUN curl https://example.com/tool-$TARGETARCH\n",
        "FROM a\nRUN if [ $(uname -m) = x86_64 ]; then curl https://example.com/tool-amd64; fi\n",
        "FROM a\nRUN curl https://x.test/amd64 && curl https://x.test/arm64\n",
        "FROM a\nRUN echo https://example.com/amd64\n",
        "FROM a\nRUN curl https://example.com/tool\n",
    ],
)
def test_what_fits_every_platform_is_neither(tmp_path: Path, dockerfile: str) -> None:
    assert warnings(tmp_path, dockerfile) == []


@pytest.mark.parametrize(
    "dockerfile",
    ["FROM a\nARG TARGETOS=linux\n", "FROM --platform=linux/amd64 a\n", f"FROM a\nRUN curl {URL}\n"],
)
def test_what_is_for_the_only_platform_that_is_wanted_is_no_mistake(tmp_path: Path, dockerfile: str) -> None:
    assert mistakes(tmp_path, dockerfile, ONLY_AMD64) == []


@pytest.mark.parametrize(
    ("dockerfile", "key"),
    [
        ("FROM a\nARG TARGETARCH=amd64\n", "TARGETARCH"),
        ("FROM --platform=$BUILDPLATFORM a AS Docs\n", "docs"),
        ("FROM --platform=linux/amd64 a\n", "stage-0"),
        (f"FROM a\nRUN curl {URL}\n", URL),
    ],
)
def test_what_the_author_says_is_meant_is_neither(tmp_path: Path, dockerfile: str, key: str) -> None:
    assert warnings(tmp_path, dockerfile, f'name="web", one_platform={{"{key}": "why"}}') == []
