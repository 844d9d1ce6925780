import re
from collections.abc import Callable
from cProfile import Profile
from functools import partial
from xml.etree import ElementTree as ET

import pytest

from bake_compiler.graph import Edge, Graph, GraphImage, GraphPhase, render_dot, render_mermaid, render_svg
from bake_compiler.graph.geometry import spread
from bake_compiler.graph.layout import lay_out

SVG = "{http://www.w3.org/2000/svg}"


def image(name: str, *needs: str, description: str = "", platforms: tuple[str, ...] = ()) -> GraphImage:
    return GraphImage(name, description, platforms, needs)


def graph(*phases: tuple[GraphImage, ...], title: str = "shop") -> Graph:
    return Graph(title, tuple(GraphPhase(f"p{index}", "", images) for index, images in enumerate(phases)))


def parsed(drawing: Graph) -> ET.Element:
    return ET.fromstring(render_svg(drawing))  # noqa: S314 - it is our own


TWO = graph((image("base"),), (image("app", "base", description="An app", platforms=("linux/amd64", "linux/arm64")),))


def test_mermaid_has_a_subgraph_for_each_phase_and_an_arrow_from_what_is_needed() -> None:
    assert render_mermaid(TWO) == (
        '---\ntitle: "shop"\n---\nflowchart LR\n'
        '  subgraph phase_p0["p0"]\n    image_base["base"]\n  end\n'
        '  subgraph phase_p1["p1"]\n    image_app["app"]\n  end\n'
        "  image_base --> image_app\n"
    )


def test_mermaid_never_uses_a_name_as_an_identifier_that_would_be_syntax() -> None:
    lines = render_mermaid(graph((image("a--b"), image("a_b"), image("end")))).splitlines()
    assert [line.split("[")[0].strip() for line in lines[5:8]] == ["image_a_2d__2d_b", "image_a_5f_b", "image_end"]


def test_mermaid_does_not_read_a_directive_out_of_a_title() -> None:
    assert "%%" not in render_mermaid(graph((image("a"),), title='%%{init: {"theme": "dark"}}%%'))


def test_dot_has_a_cluster_for_each_phase_and_an_arrow_from_what_is_needed() -> None:
    lines = [line.strip() for line in render_dot(TWO).splitlines()]
    assert [line for line in lines if "cluster" in line or "->" in line] == [
        'subgraph "cluster_p0" {',
        'subgraph "cluster_p1" {',
        '"base" -> "app"',
    ]


def test_dot_tells_description_and_platforms_in_a_tooltip() -> None:
    assert r'"app" [tooltip="app\nAn app\nlinux/amd64, linux/arm64"]' in render_dot(TWO)


def test_dot_escapes_quotes_backslashes_and_entities() -> None:
    assert r'label="\"\\n &amp;lt;"' in render_dot(graph(title=r'"\n &lt;'))


def test_svg_tells_description_and_platforms_of_an_image_in_a_tooltip() -> None:
    titles = [node.findtext(f"{SVG}title") for node in parsed(TWO).iter(f"{SVG}g") if node.get("class") == "node"]
    assert titles == ["base", "app\nAn app\nlinux/amd64, linux/arm64"]


def test_svg_is_an_image_with_the_title_as_its_label() -> None:
    root = parsed(graph((image("a"),), title='a "<b>" & c'))
    assert (root.get("role"), root.get("aria-label")) == ("img", 'a "<b>" & c')


def test_svg_has_colours_for_a_dark_page() -> None:
    assert "prefers-color-scheme: dark" in render_svg(TWO)


def test_svg_refers_to_nothing_outside_of_itself() -> None:
    assert re.findall(r"https?://[^\"]*|url\(|href", render_svg(TWO)) == ["http://www.w3.org/2000/svg"]


def test_svg_shortens_a_description_that_its_panel_cannot_show() -> None:
    root = parsed(Graph("t", (GraphPhase("p", "word " * 100, (image("a"),)),)))
    shown = [text.text or "" for text in root.iter(f"{SVG}text") if "word" in (text.text or "")]
    assert len(shown) == 2
    assert shown[-1].endswith("…")


@pytest.mark.parametrize("render", [render_dot, render_mermaid, render_svg])
def test_a_phase_without_images_is_left_out(render: Callable[[Graph], str]) -> None:
    assert "nothing-here" not in render(Graph("t", (GraphPhase("nothing-here", "", ()), *TWO.phases)))


@pytest.mark.parametrize("render", [render_dot, render_mermaid, render_svg])
def test_the_same_graph_gives_the_same_text(render: Callable[[Graph], str]) -> None:
    assert render(TWO) == render(graph(*(phase.images for phase in TWO.phases)))


def test_a_graph_without_images_is_still_a_page() -> None:
    assert parsed(Graph("nothing", ())).get("viewBox")


def test_a_need_outside_of_the_graph_has_no_edge() -> None:
    assert graph((image("a", "elsewhere"),)).edges == ()


def test_a_need_that_is_said_twice_is_one_edge() -> None:
    assert graph((image("a"), image("b", "a", "a"))).edges == (Edge("a", "b"),)


def test_two_images_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        graph((image("a"),), (image("a"),))


def test_phases_stand_from_left_to_right() -> None:
    boxes = lay_out(graph((image("z"),), (image("y"),), (image("x"),))).boxes
    assert sorted(boxes, key=lambda name: boxes[name].x) == ["z", "y", "x"]


def test_an_image_stands_right_of_all_that_it_needs_in_its_phase() -> None:
    boxes = lay_out(graph((image("c", "a", "b"), image("b", "a"), image("a")))).boxes
    assert boxes["a"].right < boxes["b"].x < boxes["b"].right < boxes["c"].x


def test_images_that_need_each_other_are_drawn_all_the_same() -> None:
    assert len(lay_out(graph((image("a", "b"), image("b", "a")))).routes) == 2


def test_an_edge_among_images_without_any_is_straight() -> None:
    lower = tuple(image(name) for name in ("hub", "b", "c", "d"))
    upper = (*(image(f"i{index}") for index in range(8)), image("top", "hub"))
    (_, start), (_, end) = lay_out(graph(lower, upper)).routes[Edge("hub", "top")]
    assert start == end


def test_order_in_a_column_keeps_edges_from_crossing() -> None:
    boxes = lay_out(graph((image("a"), image("b")), (image("needs-b", "b"), image("needs-a", "a")))).boxes
    assert (boxes["a"].y < boxes["b"].y) == (boxes["needs-a"].y < boxes["needs-b"].y)


def test_an_edge_from_a_later_phase_points_back_to_the_left() -> None:
    points = lay_out(graph((image("early", "late"),), (image("late"),))).routes[Edge("late", "early")]
    assert points[0][0] > points[-1][0]


def test_a_long_name_fits_in_its_box() -> None:
    assert lay_out(graph((image("x" * 200),))).boxes["x" * 200].width > 200 * 8


def test_many_images_without_needs_become_about_as_wide_as_high() -> None:
    page = lay_out(graph(tuple(image(f"i{index}") for index in range(1000))))
    assert 0.5 < page.width / page.height < 2


def test_what_comes_too_close_is_spread_around_the_mean() -> None:
    assert spread([10, 10, 40], 4, 0, 50) == [8, 12, 40]


def test_what_is_spread_stays_within_its_bounds() -> None:
    assert spread([-5, 99], 4, 0, 50) == [0, 50]


def calls(work: Callable[[], object]) -> int:
    """How many functions are called: the same number on each machine."""
    profile = Profile()
    profile.runcall(work)
    return sum(each.callcount for each in profile.getstats())


def woven(width: int) -> Graph:
    """Four phases of `width` images, each of which needs three of the phase before."""
    return graph(
        *(
            tuple(image(f"i{p}-{i}", *(f"i{p - 1}-{i * k % width}" for k in (1, 3, 7) if p)) for i in range(width))
            for p in range(4)
        )
    )


def test_twice_as_many_images_are_about_twice_as_much_work() -> None:
    small, large = (calls(partial(render_svg, woven(width))) for width in (125, 250))

    assert large < 2.5 * small
