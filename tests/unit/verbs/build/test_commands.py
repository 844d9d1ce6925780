"""What a build executes says the time of the commit to those steps alone that ask for it."""

from collections.abc import Mapping

from tests.fakes.project import component
from tests.fakes.site import Site

ASKS = "FROM scratch\nARG SOURCE_DATE_EPOCH\n"


def dated(site: Site, variables: Mapping[str, str] | None = None, *, push: bool = True) -> dict[str, list[str]]:
    """Image → what its command says of the commit's time: for steps and for what is pushed."""
    commands = site.build(push=push).commands.all(variables or {"SOURCE_DATE_EPOCH": "1700000000"})
    return {
        command.argv[-1]: [word.removeprefix(command.argv[-1]) for word in command.argv if "epoch" in word.lower()]
        for command in commands
    }


def test_the_commits_time_dates_what_is_pushed_and_reaches_no_step(site: Site) -> None:
    pushed = ".output=type=image,push=true,store=false,source-date-epoch=1700000000"
    own = [pushed, ".args.SOURCE_DATE_EPOCH="]

    assert dated(site) == {"hub": own, "other": own, "web": [*own, "hub.args.SOURCE_DATE_EPOCH="]}
    assert dated(site, {"SOURCE_DATE_EPOCH": ""}) == {"hub": [], "other": [], "web": []}


def test_what_asks_for_the_commits_time_gets_it_also_where_another_image_needs_it(site: Site) -> None:
    (site.root / "components/hub/Dockerfile").write_text(ASKS)

    found = dated(site)

    assert found["hub"] == [".args.SOURCE_DATE_EPOCH=1700000000"]
    assert found["web"][1:] == [".args.SOURCE_DATE_EPOCH=", "hub.args.SOURCE_DATE_EPOCH=1700000000"]


def test_an_image_with_a_time_of_its_own_keeps_it(site: Site) -> None:
    site.rewrite(other=component('name="other", args={"SOURCE_DATE_EPOCH": "0"}'))

    assert dated(site)["other"] == []


def test_files_are_dated_by_their_steps_and_what_is_loaded_by_nothing(site: Site) -> None:
    site.rewrite(other=component('name="other", output=["type=tar,dest=o.tar"]'))

    assert dated(site)["other"] == [".args.SOURCE_DATE_EPOCH=1700000000"]
    assert dated(site, push=False)["hub"] == [".args.SOURCE_DATE_EPOCH="]


def test_what_is_no_time_is_left_to_buildx(site: Site) -> None:
    assert dated(site, {"SOURCE_DATE_EPOCH": "1,push=false"}) == {"hub": [], "other": [], "web": []}
