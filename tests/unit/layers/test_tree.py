import pytest

from bake_compiler.layers import tree as module
from bake_compiler.layers.elf import Elf, ElfUse
from bake_compiler.layers.error import LayerCode, LayerError
from bake_compiler.layers.script import Script
from bake_compiler.layers.tree import File, Tree, TreePlace
from tests.unit.layers.made import (
    AARCH64,
    Content,
    directory,
    elf,
    file,
    hard_link,
    opaque,
    symlink,
    tree_of,
    whiteout,
)

NATIVE = File(Elf("x86_64", ElfUse.SHARED), executable=True)
OTHER = File(Elf("aarch64", ElfUse.SHARED), executable=True)
ARM = elf(AARCH64)


def live(*layers: list[Content]) -> dict[str, File]:
    return dict(tree_of(*layers).programs())


def hidden(*layers: list[Content]) -> dict[str, list[str]]:
    found = tree_of(*layers).hidden
    return {binary.machine: sorted(files.paths) for binary, files in found.items() if isinstance(binary, Elf)}


def test_binaries_and_executable_scripts_are_alive_and_nothing_else() -> None:
    script, text = file("run", b"#!/bin/sh\n"), file("text", b"text", 0o644)

    assert live([file("b/true", elf()), script, text, symlink("link", "run")]) == {
        "/b/true": NATIVE,
        "/run": File(Script("/bin/sh"), executable=True),
    }


def test_an_image_without_layers_has_nothing() -> None:
    assert live() == {}
    assert Tree().follow("/bin/sh") == TreePlace("/bin/sh", None)


def test_a_whiteout_hides_a_file_of_a_lower_layer() -> None:
    layers = [file("a", elf()), file("b", elf())], [whiteout("a")]

    assert live(*layers) == {"/b": NATIVE}
    assert hidden(*layers) == {"x86_64": ["/a"]}


def test_a_whiteout_hides_a_directory_with_all_that_is_in_it() -> None:
    layers = [directory("d"), file("d/e/a", elf()), file("d/b", ARM)], [whiteout("d")]

    assert live(*layers) == {}
    assert hidden(*layers) == {"x86_64": ["/d/e/a"], "aarch64": ["/d/b"]}


def test_a_whiteout_does_not_hide_its_own_layer_in_either_order() -> None:
    lower = [file("a", ARM), file("d/x", ARM)]

    for upper in ([whiteout("a"), file("a", elf())], [file("a", elf()), whiteout("a")]):
        assert live(lower, upper) == {"/a": NATIVE, "/d/x": OTHER}
    for upper in ([opaque("d"), file("d/y", elf())], [file("d/y", elf()), opaque("d")]):
        assert live(lower, upper) == {"/a": OTHER, "/d/y": NATIVE}
        assert hidden(lower, upper) == {"aarch64": ["/d/x"]}


def test_an_opaque_root_hides_all() -> None:
    assert live([file("a", elf()), file("d/b", elf())], [file(".wh..wh..opq"), file("c", elf())]) == {"/c": NATIVE}


@pytest.mark.parametrize("content", [whiteout("none"), whiteout("none/at/all"), opaque("none"), whiteout("a/b")])
def test_a_whiteout_of_what_is_not_there_hides_nothing(content: Content) -> None:
    assert live([file("a", elf())], [content]) == {"/a": NATIVE}


@pytest.mark.parametrize(
    "upper",
    [
        file("a", b"text", 0o644),
        directory("a"),
        symlink("a", "b"),
        hard_link("a", "none"),
        file("a", b"#!/bin/sh", 0o644),
    ],
)
def test_whatever_replaces_a_binary_hides_it(upper: Content) -> None:
    layers = [file("a", elf()), file("b", elf())], [upper]

    assert live(*layers) == {"/b": NATIVE}
    assert hidden(*layers) == {"x86_64": ["/a"]}


@pytest.mark.parametrize("upper", [file("d", b"text"), file("d", elf()), symlink("d", "e")])
def test_a_file_or_link_that_replaces_a_directory_hides_all_that_is_in_it(upper: Content) -> None:
    assert hidden([file("d/e/a", ARM)], [upper]) == {"aarch64": ["/d/e/a"]}


def test_a_directory_that_is_there_already_stays() -> None:
    assert live([file("d/a", elf())], [directory("d"), directory("d/e"), file("d/b", elf())]) == {
        "/d/a": NATIVE,
        "/d/b": NATIVE,
    }


def test_a_binary_that_replaces_another_is_alive_alone() -> None:
    layers = [file("a", ARM)], [file("a", elf())]

    assert live(*layers) == {"/a": NATIVE}
    assert hidden(*layers) == {"aarch64": ["/a"]}


def test_a_hard_link_is_what_its_target_is_also_after_that_is_gone() -> None:
    assert live([file("a", elf()), hard_link("b", "a")], [hard_link("d/c", "b")], [whiteout("a")]) == {
        "/b": NATIVE,
        "/d/c": NATIVE,
    }


def test_a_hard_link_to_a_symlink_is_one() -> None:
    tree = tree_of([file("x/a", elf()), symlink("l", "x/a"), hard_link("m", "l")])

    assert tree.follow("/m") == TreePlace("/x/a", NATIVE)


def test_entries_that_lead_through_a_symlink_of_a_lower_layer_follow_it() -> None:
    lower = [directory("usr/lib"), file("usr/lib/a", elf()), symlink("lib", "usr/lib")]

    assert live(lower, [file("lib/b", elf())]) == {"/usr/lib/a": NATIVE, "/usr/lib/b": NATIVE}
    assert live(lower, [whiteout("lib/a")]) == {}
    assert live(lower, [whiteout("lib"), file("lib/b", elf())]) == {"/usr/lib/a": NATIVE, "/lib/b": NATIVE}
    assert live(lower, [directory("lib"), file("lib/b", elf())]) == {"/usr/lib/a": NATIVE, "/lib/b": NATIVE}
    assert live(lower, [opaque("lib"), file("lib/b", elf())]) == {"/usr/lib/a": NATIVE, "/lib/b": NATIVE}


def test_what_stands_in_the_way_of_a_path_is_replaced() -> None:
    layers = [file("a", ARM), symlink("loop", "loop")], [file("a/b", elf()), file("loop/c", elf())]

    assert live(*layers) == {"/a/b": NATIVE, "/loop/c": NATIVE}
    assert hidden(*layers) == {"aarch64": ["/a"]}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/usr/bin/dash", "/usr/bin/dash"),
        ("/bin/sh", "/usr/bin/dash"),
        ("bin/sh", "/usr/bin/dash"),
        ("/bin//./sh", "/usr/bin/dash"),
        ("/../../bin/sh", "/usr/bin/dash"),
        ("/usr/lib/../bin/sh", "/usr/bin/dash"),
        ("/etc/alternatives/sh", "/usr/bin/dash"),
        ("/outside", "/usr/bin/dash"),
    ],
)
def test_a_path_is_followed_inside_the_root(path: str, place: str) -> None:
    tree = tree_of(
        [
            file("usr/bin/dash", elf()),
            symlink("usr/bin/sh", "dash"),
            symlink("bin", "usr/bin"),
            symlink("etc/alternatives/sh", "/bin/sh"),
            symlink("outside", "../../../../../usr/bin/dash"),
        ]
    )

    assert tree.follow(path) == TreePlace(place, NATIVE)


def test_a_circle_of_symlinks_ends_as_a_symlink() -> None:
    tree = tree_of([symlink("a", "b"), symlink("b", "a"), symlink("c", "c/c/c/c")])

    assert isinstance(tree.follow("/a").node, str)
    assert isinstance(tree.follow("/c").node, str | None)


def test_what_is_not_there_is_told_by_where_it_would_be() -> None:
    tree = tree_of([symlink("bin", "usr/bin"), symlink("x", "/nowhere")])

    assert tree.follow("/bin/sh") == TreePlace("/usr/bin/sh", None)
    assert tree.follow("/x") == TreePlace("/nowhere", None)


def test_a_directory_lists_its_files_and_where_its_links_lead() -> None:
    tree = tree_of(
        [file("usr/bin/a", elf()), symlink("usr/bin/b", "/opt/b"), file("opt/b", ARM), symlink("bin", "usr/bin")]
    )

    assert list(tree.listing("/bin")) == [("/usr/bin/a", NATIVE), ("/opt/b", OTHER)]
    assert list(tree.listing("/none")) == list(tree.listing("/usr/bin/a")) == []


def test_files_are_kept_by_name_whatever_they_are_if_asked_for() -> None:
    contents = [file("a/run", b"text"), file("run", b"", 0o644), file("other", b"text")]

    tree = tree_of(contents, names=["run"])

    assert tree.follow("/a/run").node == File(None, executable=True)
    assert tree.follow("/run").node == File(None, executable=False)
    assert tree.follow("/other").node is None
    assert list(tree.programs()) == []


def test_files_that_are_alike_share_one_object() -> None:
    first, second = (file for _, file in tree_of([file("a", elf()), file("b", elf())]).programs())

    assert first is second


def test_very_many_hidden_files_are_counted_but_not_all_named() -> None:
    tree = tree_of([file(f"d/{index}", ARM) for index in range(1200)], [whiteout("d")])
    (files,) = tree.hidden.values()

    assert (files.count, len(files.paths)) == (1200, 1000)


def test_a_deep_directory_is_hidden_and_walked_without_end() -> None:
    deep = "d/" * 2000

    assert len(live([file(f"{deep}a", elf())])) == 1
    assert hidden([file(f"{deep}a", elf())], [whiteout("d")]) == {"x86_64": [f"/{deep}a"]}


@pytest.mark.parametrize(
    "contents",
    [
        [file(f"{index}", elf()) for index in range(3000)],
        [symlink(f"{index}", "x" * 4000) for index in range(100)],
        [file(f"{index}", elf(loader=f"/{index}")) for index in range(300)],
        [file("d/" * 1000 + "a", elf())],
    ],
)
def test_more_than_memory_holds_is_over_the_limit(contents: list[Content], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY", 100_000)

    with pytest.raises(LayerError) as caught:
        tree_of(contents)
    assert caught.value.code is LayerCode.OVER_LIMIT


def test_what_is_hidden_gives_its_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY", 200_000)
    layer = [file(f"d/{index}", b"#!/bin/sh\n") for index in range(1000)]

    tree_of(*[layer, [whiteout("d")]] * 10)


@pytest.mark.parametrize(
    "contents",
    [
        [file(f"{'d/' * 500}{index}/run", elf()) for index in range(100)],
        [symlink("a", "/" + "b/../" * 200 + "c"), *(file(f"a/{index}/run", elf()) for index in range(100))],
    ],
)
def test_paths_that_take_too_long_to_follow_are_over_the_limit(
    contents: list[Content], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_STEPS", 10_000)

    with pytest.raises(LayerError, match="steps to follow") as caught:
        tree_of(contents, contents, contents)
    assert caught.value.code is LayerCode.OVER_LIMIT
