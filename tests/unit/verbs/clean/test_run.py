"""What a project cleans: after its own runs, on a machine that never built, and when a registry refuses."""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.plan import select
from bake_compiler.project.planned import plan_project
from bake_compiler.registry import Registry
from bake_compiler.release import release_ids
from bake_compiler.runs.asked import RUNS
from bake_compiler.staged import TagFate
from bake_compiler.verbs.clean.memory import Remembered, remembered
from bake_compiler.verbs.clean.result import Cleaned, Tidied
from bake_compiler.verbs.clean.run import Cleaning, repositories_of
from bake_compiler.verbs.clean.show import cleaned_document, render_cleaned
from tests.fakes.clock import FakeClock
from tests.fakes.docker import AUTHOR
from tests.fakes.images import Made, artifact_of, attestation_of, image_of, index_of
from tests.fakes.project import PROJECT, component, write_project
from tests.fakes.registry import Deletes, Fault
from tests.fakes.site import Site, outcomes

LATER = 10 * 86_400.0
TIME, AT = "2026-11-24T19:33:20Z", 1795548800.0


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    made.docker.bases["busybox:stable"] = "1"
    made.fake.deletes = Deletes.MANIFESTS
    return made


def cleaned(
    site: Site, *selectors: str, memory: Remembered | None = None, before: float | None = None, delete: bool = True
) -> Cleaned:
    """Clean, by default all that was last used before ten days from now."""
    registry = Registry(site, retry=FakeClock().retry())
    limit = time.time() + LATER if before is None else before
    cleaning = Cleaning(registry, remembered(site.root) if memory is None else memory, limit, delete)
    return asyncio.run(cleaning.run(repositories_of(select(site.plan, selectors), select(site.plan, ()))))


def fates(found: Cleaned) -> Mapping[str, tuple[TagFate, str]]:
    return {each.name.partition("/")[2]: (each.fate, each.why) for each in found.staged}


def staged(site: Site, name: str = "hub") -> list[str]:
    return sorted(tag for tag in site.fake.repositories[name].tags if tag.startswith("staged-"))


def built(moment: str, content: str = "old") -> Made:
    """An image whose provenance says when it was built; nothing: it has none."""
    image = image_of("linux/amd64", layers=(content.encode(),))
    statement = {
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "predicate": {"metadata": {"buildFinishedOn": moment}},
    }
    return index_of(image, *([attestation_of(image, statement=json.dumps(statement).encode())] if moment else []))


def change(site: Site) -> None:
    """Another hub from now on."""
    (site.root / "components/hub/Dockerfile").write_text("FROM busybox:stable\nRUN true\n")


def test_what_the_project_publishes_keeps_its_content_tags_and_is_unchanged_afterwards(site: Site) -> None:
    site.run()

    found = cleaned(site)

    assert {why for _, why in fates(found).values()} == {"1.0 names it: the next build asks for it"}
    site.docker.baked.clear()
    assert site.run().exit_code == 0
    assert site.docker.baked == []


def test_what_a_release_has_that_can_be_undone_stays_until_its_journal_goes(site: Site) -> None:
    site.run("hub")
    (first,) = staged(site)
    change(site)
    assert site.run("hub").exit_code == 0
    (second,) = set(staged(site)) - {first}

    pinned = fates(cleaned(site, "hub"))[f"hub:{first}"]
    assert pinned[0] is TagFate.STAYS
    assert pinned[1] in {f"release {name} has it" for name in release_ids(site.root)}

    found = cleaned(site, "hub", memory=remembered(site.root, release_ids(site.root)))
    assert fates(found)[f"hub:{first}"] == (TagFate.GOES, "")
    assert [each.name.rpartition(":")[2] for each in found.staged if each.removed] == [first]
    assert staged(site) == [second]
    assert site.fake.tag("hub", "1.0") == site.fake.tag("hub", second)


def test_what_the_last_run_used_stays_though_nothing_was_published(site: Site) -> None:
    site.docker.plays = {"web": [AUTHOR]}
    assert site.run().exit_code == 4

    found = fates(cleaned(site))

    assert {why.partition(" used it")[2] for _, why in found.values()} == {
        ", the last one of hub",
        ", the last one of other",
    }
    assert all(fate is TagFate.STAYS for fate, _ in found.values())


def test_what_an_earlier_run_left_goes_by_the_time_of_that_run(site: Site) -> None:
    site.docker.plays = {"web": [AUTHOR, AUTHOR]}
    site.run()
    (first,) = staged(site)
    change(site)
    site.run()

    assert fates(cleaned(site, "hub", before=0.0))[f"hub:{first}"] == (TagFate.STAYS, "it was used since")
    assert fates(cleaned(site, "hub"))[f"hub:{first}"] == (TagFate.GOES, "")
    assert first not in staged(site)


def test_what_a_release_replaced_and_all_that_an_index_of_it_needs_stay_too(site: Site) -> None:
    site.run("hub")
    (first,) = staged(site)
    change(site)
    site.run("hub")
    newest, oldest = release_ids(site.root)
    released = Digest.parse(str(site.fake.tag("hub", first)))
    children = [
        each["digest"] for each in json.loads(site.fake.repositories["hub"].manifests[str(released)][1])["manifests"]
    ]

    pinned = remembered(site.root, [oldest]).pinned

    assert {pinned[released], *(pinned[Digest.parse(child)] for child in children)} == {f"release {newest} has it"}


def test_of_several_runs_that_used_a_tag_the_newest_counts(site: Site) -> None:
    first, second = site.run("hub"), site.run("hub")
    (hub,) = second.images
    assert outcomes(second) == {"hub": "unchanged"}

    (moment,) = remembered(site.root).used.values()

    assert moment >= second.began > first.began
    assert hub.content_tag in str(*remembered(site.root).used)


def test_a_run_that_can_not_be_read_tells_nothing(site: Site) -> None:
    site.run("hub")
    (run,) = (site.root / RUNS).iterdir()
    (run / "report.json").write_text("{")

    assert remembered(site.root).used == {}


@pytest.mark.parametrize(
    ("moment", "before", "expected"),
    [
        (TIME, AT + 1, (TagFate.GOES, "")),
        (TIME, AT - 1, (TagFate.STAYS, "it was used since")),
        ("", AT + 1, (TagFate.STAYS, "its age is not known")),
        ("yesterday", AT + 1, (TagFate.STAYS, "its age is not known")),
    ],
)
def test_a_machine_that_never_built_knows_the_age_from_provenance_or_not_at_all(
    site: Site, moment: str, before: float, expected: tuple[TagFate, str]
) -> None:
    site.fake.push("hub", "staged-1", built(moment))

    assert fates(cleaned(site, "hub", before=before)) == {"hub:staged-1": expected}
    assert staged(site) == ([] if expected[0] is TagFate.GOES else ["staged-1"])


def test_provenance_that_is_kept_beside_an_image_counts_and_so_does_what_refers_to_it(site: Site) -> None:
    image = image_of("linux/amd64")
    statement = json.dumps({"predicate": {"runDetails": {"metadata": {"finishedOn": TIME}}}}).encode()
    site.fake.push("hub", "staged-1", index_of(image))
    site.fake.push("hub", "beside", artifact_of(image, statement=statement))
    assert fates(cleaned(site, "hub", before=AT + 1, delete=False)) == {"hub:staged-1": (TagFate.GOES, "")}

    site.fake.push("hub", "signature", artifact_of(index_of(image)))
    del site.fake.repositories["hub"].tags["signature"]
    found = cleaned(site, "hub", before=AT + 1, delete=False)
    assert fates(found) == {"hub:staged-1": (TagFate.STAYS, "a signature or attestation is about it")}


def test_a_run_whose_inputs_nobody_knows_has_its_time_in_the_name(site: Site) -> None:
    site.fake.push("hub", "staged-20261124T193000-1a2b3c", index_of("linux/amd64"))

    assert fates(cleaned(site, before=AT + 11 * 3600))["hub:staged-20261124T193000-1a2b3c"][0] is TagFate.STAYS
    assert fates(cleaned(site, before=AT + 13 * 3600))["hub:staged-20261124T193000-1a2b3c"][0] is TagFate.GOES


def test_nothing_is_written_when_nothing_is_to_be_removed(site: Site) -> None:
    site.fake.push("hub", "staged-1", built(TIME))
    site.fake.push("hub", "1.1", built(TIME, "published"))
    site.fake.push("hub", "staged-2", built(TIME, "published"))
    site.fake.requests.clear()

    found = cleaned(site, before=AT + 1, delete=False)

    assert fates(found) == {"hub:staged-1": (TagFate.GOES, ""), "hub:staged-2": (TagFate.TAG_ALONE, "1.1 names it too")}
    assert {request.method for request in site.fake.requests} == {"GET"}


def test_only_the_repositories_of_what_is_selected_are_asked(site: Site) -> None:
    site.fake.push("hub", "staged-1", built(TIME))
    site.fake.push("web", "staged-1", built(TIME))

    assert list(fates(cleaned(site, "web", before=AT + 1))) == ["web:staged-1"]
    assert (staged(site, "hub"), staged(site, "web")) == (["staged-1"], [])


def test_a_project_with_more_registries_is_cleaned_in_each(tmp_path: Path) -> None:
    project = PROJECT.replace('tag="1.0"', 'tag="1.0", also=("mirror.test/acme",)')
    plan = plan_project(write_project(tmp_path, {"hub": component('name="hub"')}, project=project))
    wanted = select(plan, ())

    found = {str(repository): tags for repository, tags in repositories_of(wanted, wanted).items()}

    assert found == {"127.0.0.1:5000/hub": {"1.0"}, "mirror.test/acme/hub": {"1.0"}}


def test_a_repository_that_refuses_does_not_keep_the_others(site: Site) -> None:
    for name in ("hub", "other", "web"):
        site.fake.push(name, "staged-1", built(TIME, name))
        site.fake.push(name, "staged-2", built(TIME, f"{name} 2"))
    site.fake.faults += [
        Fault(403, method="DELETE", path="/v2/hub/", times=9),
        Fault(500, method="GET", path="/v2/other/tags", times=99),
    ]

    found = cleaned(site, before=AT + 1)

    removed = sorted(each.name.partition("/")[2] for each in found.staged if each.removed)
    assert removed == ["web:staged-1", "web:staged-2"]
    assert {name.partition("/")[2] for name in found.errors} == {"hub", "other"}
    assert [staged(site, name) for name in ("hub", "other", "web")] == [["staged-1", "staged-2"]] * 2 + [[]]
    told = render_cleaned(found, AT)
    assert told.count("not removed  ") == 2
    assert told.endswith("4 content tags: 2 removed, 2 not removed\n")
    document = cleaned_document(found)
    assert [error["repository"].partition("/")[2] for error in document["errors"]] == ["hub", "other"]
    assert all(error["message"] and error["hint"] for error in document["errors"])


@pytest.mark.parametrize("lists_again", [True, False])
def test_after_an_error_in_the_middle_the_registry_says_which_tags_are_gone(site: Site, lists_again: bool) -> None:
    site.fake.deletes = Deletes.TAGS
    for name in ("staged-1", "staged-2"):
        site.fake.push("hub", name, built(TIME, name))
    manifest = f"/manifests/{built(TIME, 'staged-1').digest}"
    site.fake.faults.append(Fault(403, method="DELETE", path=manifest))  # its tag was removed before
    if not lists_again:
        site.fake.faults += [Fault(path="/tags/list"), Fault(path="/tags/list"), Fault(403, path="/tags/list")]

    found = cleaned(site, "hub", before=AT + 1)

    assert {each.name.rpartition(":")[2]: each.removed for each in found.staged} == {
        "staged-1": lists_again,
        "staged-2": False,
    }
    assert staged(site) == ["staged-2"]
    assert list(found.errors) == ["127.0.0.1:5000/hub"]


def test_what_is_said_has_the_age_and_the_reason(site: Site) -> None:
    site.fake.push("hub", "staged-1", built(TIME))
    site.fake.push("hub", "staged-2", built(""))
    site.fake.push("web", "1.1", built(TIME))
    site.fake.push("web", "staged-1", built(TIME))

    dry = cleaned(site, before=AT + 1, delete=False)
    done = cleaned(site, before=AT + 1)

    host = "127.0.0.1:5000"
    assert render_cleaned(dry, AT + 86_400 * 9) == (
        f"would go     {host}/hub:staged-1    9.0 d\n"
        f"stays        {host}/hub:staged-2        ?  its age is not known\n"
        f"may go       {host}/web:staged-1    9.0 d  1.1 names it too\n"
        "3 content tags: 1 would go, 1 may go, 1 stays\n"
        "nothing was removed: --delete does it\n"
    )
    assert render_cleaned(done, AT + 86_400 * 9).splitlines()[2] == (
        f"stays        {host}/web:staged-1    9.0 d  1.1 names it too,"
        " and the registry removes a manifest with all of its tags, never a tag alone"
    )
    assert cleaned_document(done)["staged"][0] == {
        "tag": f"{host}/hub:staged-1",
        "digest": str(built(TIME).digest),
        "fate": "goes",
        "removed": True,
        "why": "",
        "last_used": AT,
    }


def test_of_nothing_little_is_said() -> None:
    assert render_cleaned(Cleaned(deleted=False), 0.0) == "0 content tags\n"
    journal = Tidied("r1", TagFate.STAYS, "it is the last release", 0.0)
    assert render_cleaned(Cleaned(deleted=False, journals=(journal,)), 0.0) == (
        "stays        r1    0.0 d  it is the last release\n0 content tags\n1 journal: 1 stays\n"
    )
