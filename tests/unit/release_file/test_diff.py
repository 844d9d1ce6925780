from hypothesis import given

from bake_compiler.release_file import ReleaseFile
from bake_compiler.release_file.diff import diff_document, diff_releases
from bake_compiler.release_file.show import render_diff
from tests.fakes.releases import digest, platform, release, released, releases

BEFORE = release(released("web"), released("api", "1.0-rc1", "old"), released("gone"), released("same"))
SMALLER = released("web", content="web 2", base="busybox 2", sizes=(400_000, 2_500_000))
AFTER = release(
    SMALLER.model_copy(update={"platforms": (SMALLER.platforms[0], platform("s390x", "web 2"))}),
    released("api", "1.0-rc1", "new"),
    released("new"),
    released("same"),
    tag="1.0-rc2",
)


def test_each_change_is_told() -> None:
    found = diff_releases(BEFORE, AFTER)

    assert [image.name for image in found.added] == ["new"]
    assert [image.name for image in found.removed] == ["gone"]
    assert [change.after.name for change in found.changed] == ["api", "web"]
    assert found.unchanged == 1
    api, web = found.changed
    assert (api.tags_gained, api.tags_lost) == (("r.test/acme/api:new",), ("r.test/acme/api:old",))
    assert (api.platforms, api.bases) == ((), ())
    assert {str(each.platform): each.growth for each in web.platforms} == {
        "linux/amd64": -600_000,
        "linux/arm64": -2_000_000,
        "linux/s390x": 1_000_000,
    }
    (base,) = web.bases
    assert (base.name, base.before, base.after) == ("busybox:stable", (digest("busybox"),), (digest("busybox 2"),))


def test_a_rebuild_with_another_base_alone_is_a_change() -> None:
    found = diff_releases(release(released("web")), release(released("web", base="newer")))

    assert [change.after.name for change in found.changed] == ["web"]


def test_another_tag_of_a_platform_is_told_as_a_tag_and_not_as_a_platform() -> None:
    one = released("web")
    before, after = (
        one.model_copy(update={"platforms": (platform("arm64", "web", tags=(f"r.test/acme/web:{tag}-arm64",)),)})
        for tag in ("1", "2")
    )

    (web,) = diff_releases(release(before), release(after)).changed

    assert (web.tags_lost, web.tags_gained) == (("r.test/acme/web:1-arm64",), ("r.test/acme/web:2-arm64",))
    assert web.platforms == ()


@given(releases)
def test_a_release_does_not_differ_from_itself(one: ReleaseFile) -> None:
    found = diff_releases(one, one)

    assert (found.added, found.removed, found.changed) == ((), (), ())
    assert found.unchanged == len(one.images)


@given(releases, releases)
def test_backwards_it_is_the_other_way_round(one: ReleaseFile, other: ReleaseFile) -> None:
    there, back = diff_document(diff_releases(one, other)), diff_document(diff_releases(other, one))

    assert there["added"] == back["removed"]
    assert [each["name"] for each in there["changed"]] == [each["name"] for each in back["changed"]]
    for each, opposite in zip(there["changed"], back["changed"], strict=True):
        assert [it["growth"] for it in each["platforms"]] == [-it["growth"] for it in opposite["platforms"]]
        assert each["tags"]["gained"] == opposite["tags"]["lost"]


@given(releases, releases)
def test_for_a_person_each_image_is_on_a_line_of_its_own_whatever_its_name_holds(
    one: ReleaseFile, other: ReleaseFile
) -> None:
    found = diff_releases(one, other)
    lines = render_diff(found).splitlines()

    marked = [line[:2] for line in lines if line[:2] in {"+ ", "- ", "~ "}]
    assert len(marked) == len(found.added) + len(found.removed) + len(found.changed)
    assert all(line.isprintable() for line in lines)
