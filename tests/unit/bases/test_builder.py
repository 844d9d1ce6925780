"""Base images that are not there, or not for a wanted platform: said before anything is built."""

from pathlib import Path

import pytest

from bake_compiler.errors import PreflightError
from bake_compiler.runs.kept import last_run
from tests.fakes.images import image_of, index_of
from tests.fakes.project import component
from tests.fakes.site import Site

NO_PLATFORM = "no match for platform in manifest: not found"
NOTHING = "not found"
MINE = "127.0.0.1:5000/base:1"
WEB = "base images: web (component web), components/web/Dockerfile"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    made.docker.bases["busybox:stable"] = "1"
    return made


def write(site: Site, image: str, text: str) -> None:
    (site.root / "components" / image / "Dockerfile").write_text(text)


def refused(site: Site) -> PreflightError:
    baked, public = list(site.docker.baked), site.public
    with pytest.raises(PreflightError) as caught:
        site.run()
    assert (site.docker.baked, site.public) == (baked, public)
    return caught.value


def test_a_base_that_is_not_there_is_said_with_its_place_before_anything_is_built(site: Site) -> None:
    write(site, "web", "FROM busybox:stable AS work\n\nFROM nobody/none:1\n")
    site.docker.absent = {"nobody/none:1": NOTHING}

    before = site.run("other")

    error = refused(site)

    assert last_run(site.root).run == before.run  # which --resume and `bakec report` mean
    assert error.message == f"{WEB}:3: there is no image nobody/none:1; nothing was built"
    assert "choose another base" in error.hint


def test_all_bases_that_are_not_there_are_said_at_once_each_where_it_is_wanted(site: Site) -> None:
    for image in ("hub", "other", "web"):
        write(site, image, f"FROM {'none:1' if image == 'web' else 'none:2'}\n")
    site.docker.absent = {"none:1": NOTHING, "none:2": NOTHING}

    error = refused(site)

    assert error.message == "3 faults; nothing was built"
    assert list(map(str, error.problems)) == [
        f"{WEB}:1: there is no image none:1",
        "base images: hub (component hub), components/hub/Dockerfile:1: there is no image none:2",
        "base images: other (component other), components/other/Dockerfile:1: there is no image none:2",
    ]


def test_a_base_without_a_platform_is_said_with_the_platforms_that_it_has(site: Site) -> None:
    site.fake.push("base", "1", index_of(image_of("linux/amd64"), image_of("linux/s390x")))
    write(site, "web", f"FROM {MINE}\n")
    site.docker.absent = {MINE: NO_PLATFORM}

    assert refused(site).message == (
        f"{WEB}:1: {MINE} is not made for linux/arm64, but for linux/amd64, linux/s390x; nothing was built"
    )


def test_where_its_registry_can_not_be_asked_the_platforms_that_are_wanted_are_said(site: Site) -> None:
    write(site, "web", f"FROM {MINE}\nCOPY --from=x:1 / /\n")
    site.docker.bases["x:1"] = "2"
    site.docker.absent = {MINE: NO_PLATFORM}
    site.lags = {"GET /v2/base/": 99}

    assert f"{MINE} is not made for all of linux/amd64, linux/arm64; nothing" in refused(site).message


def test_a_platform_that_a_from_names_is_the_one_that_is_missing(site: Site) -> None:
    write(site, "web", "FROM --platform=linux/riscv64 none:1 AS a\nFROM busybox:stable\nCOPY --from=a / /\n")
    site.docker.absent = {"none:1": NO_PLATFORM}

    assert "none:1 is not made for linux/riscv64; nothing" in refused(site).message


def test_a_base_that_a_named_context_says_is_placed_by_its_dockerfile(site: Site) -> None:
    site.rewrite(web=component('name="web", needs=["hub"], contexts={"go": "docker-image://none:1"}', phase="last"))
    write(site, "web", "FROM go\n")
    site.docker.absent = {"none:1": NOTHING}

    assert refused(site).message.startswith(f"{WEB}:1: there is no image none:1")


def test_a_base_of_an_image_that_is_not_asked_for_but_needed_counts(site: Site) -> None:
    write(site, "hub", "FROM none:1\n")
    site.docker.absent = {"none:1": NOTHING}

    with pytest.raises(PreflightError, match=r"hub \(component hub\), components/hub/Dockerfile:1"):
        site.run("web")

    site.docker.baked.clear()
    assert site.run("other").exit_code == 0


def test_a_pin_of_one_platforms_manifest_is_refused_where_others_are_wanted(site: Site) -> None:
    amd64 = image_of("linux/amd64")
    site.fake.push("base", "1", index_of(amd64, image_of("linux/arm64")))
    pin = f"{MINE}@{amd64.digest}"
    site.docker.bases[pin] = "1"
    write(site, "web", f"FROM {pin}\n")

    assert refused(site).message == (
        f"{WEB}:1: {pin} is the manifest of linux/amd64 alone, not an index:"
        " linux/arm64 would get the same manifest; nothing was built"
    )


def test_a_pin_of_an_index_is_taken(site: Site) -> None:
    pin = f"{MINE}@{site.fake.push('base', '1', index_of('linux/amd64', 'linux/arm64')).digest}"
    site.docker.bases[pin] = "1"
    write(site, "web", f"FROM {pin}\n")

    assert site.run().exit_code == 0


def alone(site: Site) -> None:
    """A tag that stands for one platform's manifest."""
    site.fake.push("base", "1", image_of("linux/amd64"))
    site.docker.bases[MINE] = "1"


def test_a_tag_that_stands_for_one_platforms_manifest_is_refused_where_others_are_wanted(site: Site) -> None:
    alone(site)
    write(site, "web", f"FROM busybox:stable AS a\nFROM {MINE}\n")

    assert refused(site).message == (
        f"{WEB}:2: {MINE} is the manifest of linux/amd64 alone,"
        " not an index: linux/arm64 would get the same manifest; nothing was built"
    )


@pytest.mark.parametrize(
    ("dockerfile", "only"),
    [
        (f"FROM --platform=$BUILDPLATFORM {MINE} AS a\nFROM busybox:stable\nCOPY --from=a / /\n", ()),
        (f"FROM --platform=linux/amd64 {MINE} AS a\nFROM busybox:stable\nCOPY --from=a / /\n", ()),
        (f"FROM {MINE}\n", ("amd64",)),
    ],
)
def test_it_is_taken_where_no_other_platform_is_wanted(site: Site, dockerfile: str, only: tuple[str, ...]) -> None:
    alone(site)
    write(site, "web", dockerfile)

    assert site.run(only=only).exit_code == 0


def test_a_from_of_a_platform_that_is_not_the_one_manifests_is_refused(site: Site) -> None:
    alone(site)
    write(site, "web", f"FROM --platform=linux/arm64 {MINE} AS a\nFROM busybox:stable\nCOPY --from=a / /\n")

    assert f"{MINE} is the manifest of linux/amd64 alone, not an index: linux/arm64 would" in refused(site).message
