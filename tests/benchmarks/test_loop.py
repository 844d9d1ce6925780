"""The script that the benchmark of builds compares with: the commands that make the same images as bake does."""

from itertools import pairwise
from typing import Any

import pytest

from bake_compiler.report import ImageResult, Report
from bake_compiler.report.report import Attempt
from benchmarks.contenders import at_once, loop_commands

BUILD = ("docker", "buildx", "build", "--push")


def target(name: str, **attributes: Any) -> dict[str, Any]:
    common = {"context": f"components/{name}", "dockerfile": "Dockerfile", "tags": [f"r:5000/{name}:1"]}
    return {**common, "platforms": ["linux/amd64", "linux/arm64"], **attributes}


def test_builds_each_platform_under_a_tag_of_its_own_and_joins_them() -> None:
    assert list(loop_commands({"web": target("web")})) == [
        (
            *BUILD,
            *("--platform", "linux/amd64", "--tag", "r:5000/web:1-amd64"),
            *("--file", "components/web/Dockerfile", "components/web"),
        ),
        (
            *BUILD,
            *("--platform", "linux/arm64", "--tag", "r:5000/web:1-arm64"),
            *("--file", "components/web/Dockerfile", "components/web"),
        ),
        (
            "docker",
            "buildx",
            "imagetools",
            "create",
            "--tag",
            "r:5000/web:1",
            "r:5000/web:1-amd64",
            "r:5000/web:1-arm64",
        ),
    ]


def test_takes_all_that_bake_would_use() -> None:
    given = target(
        "web",
        args={"VERSION": "1", "TEXT": "a=b c"},
        labels={"title": "web"},
        target="final",
        attest=[{"type": "provenance", "mode": "min"}, "type=sbom"],
        contexts={"debian:stable": "docker-image://mirror/debian:stable"},
    )

    first, *_ = loop_commands({"web": given})

    pairs = set(pairwise(first))
    assert pairs >= {
        ("--build-arg", "VERSION=1"),
        ("--build-arg", "TEXT=a=b c"),
        ("--label", "title=web"),
        ("--target", "final"),
        ("--attest", "type=provenance,mode=min"),
        ("--attest", "type=sbom"),
        ("--build-context", "debian:stable=docker-image://mirror/debian:stable"),
    }


def test_an_image_of_the_project_is_built_first_and_taken_from_the_registry() -> None:
    targets = {"web": target("web", contexts={"base": "target:base"}), "base": target("base")}

    commands = list(loop_commands(targets))

    assert [command[-1] for command in commands if command[:4] == BUILD] == [
        *("components/base", "components/base"),
        *("components/web", "components/web"),
    ]
    assert all("base=docker-image://r:5000/base:1" in command for command in commands[3:5])


def test_an_attribute_that_it_would_leave_out_is_refused() -> None:
    with pytest.raises(ValueError, match="no-cache"):
        list(loop_commands({"web": target("web", **{"no-cache": True})}))


def built(*times: tuple[float, float]) -> ImageResult:
    attempts = tuple(Attempt(number, *each) for number, each in enumerate(times, 1))
    return ImageResult("web", "r:5000/web:1", (), attempts=attempts)


@pytest.mark.parametrize(
    ("images", "most"),
    [((), 0), ((built((1, 2), (6, 9)), built((2, 6))), 1), ((built((1, 2), (6, 9)), built((2, 7))), 2)],
)
def test_images_at_once_are_attempts_and_one_that_begins_as_another_ends_is_not_beside_it(
    images: tuple[ImageResult, ...], most: int
) -> None:
    assert at_once(Report("build", "r:5000", "1", images, excluded=())) == most
