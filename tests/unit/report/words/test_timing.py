"""Where the time of a run went."""

from dataclasses import replace

from hypothesis import given

from bake_compiler.buildx import Step
from bake_compiler.report import Attempt, ImageResult, Report
from bake_compiler.report.words.timing import cache_share, cached_steps, critical_path, slowest
from tests.fakes import reports as made


def image(name: str, began: float, ended: float, *needs: str) -> ImageResult:
    attempt = Attempt(1, began, ended)
    return ImageResult(
        name, name, (), needs=needs, began=began, ended=ended, seconds=ended - began, attempts=(attempt,)
    )


def run(*images: ImageResult) -> Report:
    return Report("build", "r.test", "1", images, ())


def step(name: str, *, cached: bool = False, stage: str = "build") -> Step:
    return Step(name, stage=stage, cached=cached)


def test_the_critical_path_follows_the_need_that_ended_last() -> None:
    report = run(
        image("base", 1, 3),
        image("hub", 3, 9, "base"),
        image("lib", 3, 8, "base"),
        image("web", 9, 12, "lib", "hub"),
        image("alone", 1, 11),
    )

    assert critical_path(report) == ("base", "hub", "web")


def test_the_critical_path_is_the_longest_image_where_nothing_is_needed() -> None:
    assert critical_path(run(image("a", 1, 3), image("b", 1, 4))) == ("b",)


def test_what_was_kept_from_another_run_or_never_begun_took_no_time() -> None:
    kept = replace(image("hub", 1, 99), kept_from="r0")
    report = run(kept, image("web", 1, 3, "hub"), ImageResult("never", "never", (), needs=("web",)))

    assert critical_path(report) == ("web",)
    assert [each.name for each in slowest(report, 5)] == ["web"]


def test_images_that_need_each_other_end_the_path() -> None:
    assert critical_path(run(image("a", 1, 3, "b"), image("b", 1, 2, "a"))) == ("b", "a")


def test_a_run_in_which_nothing_began_has_no_path_and_no_share() -> None:
    empty = run(ImageResult("web", "web", ()))

    assert (critical_path(empty), slowest(empty, 3), cache_share(empty)) == ((), (), None)


def test_the_slowest_come_first_and_equal_ones_in_plan_order() -> None:
    report = run(image("a", 1, 3), image("b", 1, 5), image("c", 1, 3))

    assert [each.name for each in slowest(report, 2)] == ["b", "a"]


def test_the_cache_share_is_of_dockerfile_steps() -> None:
    steps = (
        *(step("FROM x", cached=True), step("RUN a", cached=True), step("COPY b /", stage=""), step("WORKDIR /c")),
        *(step("pushing layers", stage=""), step("exporting layers", cached=True, stage="")),
    )
    report = run(replace(image("a", 1, 3), attempts=(Attempt(1, 1, 3, steps),)))

    assert cached_steps(report) == (1, 3)
    assert cache_share(report) == 1 / 3


def test_steps_of_the_images_that_one_needs_are_theirs() -> None:
    hub, base = step("RUN a", cached=True, stage="hub"), step("RUN b", cached=True, stage="base/build")
    web = replace(image("web", 4, 5, "hub"), attempts=(Attempt(1, 4, 5, (hub, base, step("RUN c"))),))

    assert cached_steps(run(image("base", 1, 2), image("hub", 2, 3, "base"), web)) == (0, 1)


def test_what_a_retry_finds_cached_counts_as_the_first_attempt_found_it() -> None:
    first = Attempt(1, 1, 2, (step("RUN a"), step("RUN a"), step("RUN b", cached=True)))
    second = Attempt(2, 3, 4, (*(replace(each, cached=True) for each in first.steps), step("RUN c")))

    assert cached_steps(run(replace(image("a", 1, 4), attempts=(first, second)))) == (1, 4)


@given(made.reports)
def test_figures_of_any_report_are_within_bounds(report: Report) -> None:
    path, share = critical_path(report), cache_share(report)

    assert len(path) == len(set(path))
    assert set(path) <= {each.name for each in report.images}
    assert share is None or 0 <= share <= 1
