"""One image on its way: its log, its steps, its command."""

import pytest

from bake_compiler.report.events import Event, Pushed, RunBegan, StepChanged
from bake_compiler.runs.kept import last_seconds
from tests.fakes.docker import AUTHOR, TRANSIENT
from tests.fakes.project import component
from tests.fakes.site import Site, image, outcomes


def test_each_step_is_told_with_how_many_there_are(site: Site) -> None:
    site.run("hub")

    told = [event for event in site.told if isinstance(event, StepChanged)]
    assert [(each.image, each.step.name, each.done, each.cached, each.total) for each in told] == [
        ("hub", "RUN make", 1, 0, 1)
    ]


def test_steps_from_the_cache_are_counted_and_tell_no_time(site: Site) -> None:
    site.docker.cached = ["hub"]

    report = site.run("hub", "other")

    assert [step.cached for step in image(report, "hub").attempts[0].steps] == [True]
    assert any(isinstance(event, StepChanged) and event.cached == 1 for event in site.told)
    assert last_seconds(site.root).keys() == {"other"}


def test_each_attempt_has_its_own_steps(site: Site) -> None:
    site.docker.plays = {"hub": [TRANSIENT]}

    first, second = image(site.run("hub"), "hub").attempts

    assert len(first.steps) > 1
    assert [step.name for step in second.steps] == ["RUN make"]


def test_what_was_pushed_is_told_before_it_is_verified(site: Site) -> None:
    pushed: list[tuple[str, int]] = []

    def listen(event: Event) -> None:
        if isinstance(event, Pushed):
            asked = sum("/manifests/sha256:" in request.path for request in site.fake.requests)
            pushed.append((str(event.digest), asked))

    site.listens = listen
    report = site.run("hub")

    assert pushed == [(str(image(report, "hub").digest), 0)]


def test_an_image_is_pushed_under_the_run_s_own_tag_and_nothing_else(site: Site) -> None:
    report = site.run("hub")

    assert site.fake.repositories["hub"].tags.keys() == {f"staged-{report.run}", "1.0"}


@pytest.mark.parametrize("wrote", ["{", "{}", '{"hub": {"containerimage.digest": "sha256:1"}}', '{"hub": []}', "[]"])
def test_a_buildx_that_ended_well_and_names_no_digest_has_failed_for_good(site: Site, wrote: str) -> None:
    site.docker.metadata = wrote

    report = site.run("hub")

    assert report.exit_code == 4
    assert {cell.why for cell in report.cells} == {"buildx succeeded, but hub.metadata.json has no digest of hub"}
    assert site.docker.baked == ["hub"]


def test_the_line_of_a_failure_is_a_place_from_the_project_s_root(site: Site) -> None:
    site.docker.plays = {"hub": [AUTHOR]}

    failure = image(site.run("hub"), "hub").failure

    assert failure is not None
    assert failure.line == "components/hub/Dockerfile:3"


def test_secrets_and_the_rest_of_the_environment_are_not_in_the_command_or_the_log(site: Site) -> None:
    site.env |= {"TOKEN": "hunter2", "PATH": "/bin"}

    report = site.run("hub")

    (command,) = site.docker.commands
    assert "hunter2" not in str(command)
    assert "hunter2" not in (site.root / f".bakec/runs/{report.run}/hub.log").read_text()


# Projects that are too large for buildx to read again for each image.


@pytest.fixture
def large(site: Site) -> Site:
    many = component(*(f'name="i{number:03}"' for number in range(101)))
    site.rewrite(many=many)
    return site


def test_of_a_large_file_each_image_gets_its_slice(large: Site) -> None:
    report = large.run("web", "i007")

    assert outcomes(report) == {"i007": "built", "web": "built"}
    for command in large.docker.commands:
        name = command.argv[-1]
        file = command.argv[command.argv.index("--file") + 1]
        assert file == f".bakec/runs/{report.run}/{name}.hcl"
        text = (large.root / file).read_text()
        assert f'target "{name}"' in text
        assert ('target "hub"' in text) == (name == "web")


def test_a_slice_that_can_not_be_written_fails_its_image_and_no_other(large: Site) -> None:
    def in_its_place(event: Event) -> None:
        if isinstance(event, RunBegan):
            (large.root / ".bakec/runs" / event.run / "i007.hcl").mkdir()

    large.listens = in_its_place
    report = large.run("i007", "i008")

    assert report.exit_code == 4
    assert {image.name: str(image.cells[0].outcome) for image in report.images} == {"i007": "failed", "i008": "built"}
    assert "i007.hcl: Is a directory" in report.images[0].cells[0].why
