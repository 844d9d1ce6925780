"""What must be made before a build, and is not there."""

from pathlib import Path

import pytest

from bake_compiler import Requires
from bake_compiler.errors import PreflightError
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan
from tests.fakes.project import component
from tests.fakes.site import Site

CERTS = 'requires=[Requires(path="certs/{platform}/tls.crt", command="make certs-{arch}")]'
MODEL = component('name="web"').replace("import Component, Image", "import Component, Image, Requires")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    made.docker.bases["busybox:stable"] = "1"
    return made


def declare(site: Site, on_component: str = "", on_image: str = "") -> None:
    text = MODEL.replace('name="web"', f'name="web", {on_image}') if on_image else MODEL
    site.rewrite(web=text.replace("Component(", f"Component({on_component}, ", 1) if on_component else text)


def make(site: Site, path: str) -> None:
    whole = site.root / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.touch()


def test_a_placeholder_stands_for_each_platform_and_other_braces_for_themselves() -> None:
    said = Requires(path="{platform}/{arch}/{x}", command="make {arch} ${HOME} {platform}")

    assert said.on(Platform.parse("arm/v7")).path == "linux/arm/v7/arm/{x}"
    assert said.on(Platform.parse("amd64")).command == "make amd64 ${HOME} linux/amd64"


@pytest.mark.parametrize("where", ["on_component", "on_image"])
def test_all_that_is_not_there_is_said_with_the_command_that_makes_it(site: Site, where: str) -> None:
    declare(site, **{where: CERTS})

    with pytest.raises(PreflightError) as caught:
        site.run()

    assert [(str(problem), problem.hint) for problem in caught.value.problems] == [
        (
            "generated inputs: not there: components/web/certs/linux/amd64/tls.crt (for web)",
            "make certs-amd64",
        ),
        (
            "generated inputs: not there: components/web/certs/linux/arm64/tls.crt (for web)",
            "make certs-arm64",
        ),
    ]
    assert site.docker.baked == []


def test_only_the_platforms_that_are_built_count_and_what_is_there_is_well(site: Site) -> None:
    declare(site, on_image=CERTS)
    make(site, "components/web/certs/linux/amd64/tls.crt")

    assert site.run("web", only=("amd64",)).exit_code == 0


def test_an_image_that_is_needed_counts_and_one_that_is_not_asked_for_does_not(site: Site) -> None:
    hub = component('name="hub", requires=[Requires(path="gen", command="make gen")]')
    site.rewrite(hub=hub.replace("import Component, Image", "import Component, Image, Requires"))

    with pytest.raises(PreflightError, match=r"components/hub/gen \(for hub\); nothing was built") as caught:
        site.run("web")
    assert caught.value.hint == "make gen"
    assert site.run("other").exit_code == 0


def test_an_empty_folder_was_not_made_yet(site: Site) -> None:
    declare(site, on_image='requires=[Requires(path="gen", command="make gen")]')
    folder = site.root / "components/web/gen"
    folder.mkdir()
    with pytest.raises(PreflightError, match="not there: components/web/gen"):
        site.run("web")

    make(site, "components/web/gen/file")

    assert site.run("web").exit_code == 0


def test_paths_are_relative_to_what_the_component_s_paths_are_relative_to(site: Site) -> None:
    def paths(plan: Plan) -> set[str]:
        return {each.path for image in plan.images for each in image.requires}

    declare(site, on_component=CERTS)
    assert paths(site.plan) == {"components/web/certs/{platform}/tls.crt"}

    declare(site, on_component=f'relative_to="project", dockerfile="components/web/Dockerfile", {CERTS}')
    assert paths(site.plan) == {"certs/{platform}/tls.crt"}


def test_what_must_be_made_says_nothing_to_buildx(site: Site) -> None:
    before = (site.root / "docker-bake.hcl").read_text()

    declare(site, on_image=CERTS)

    assert "certs" not in before + (site.root / "docker-bake.hcl").read_text()
