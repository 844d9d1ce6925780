"""Whatever an author writes stays text in every format, and every drawing shows all there is, each once."""

import re
from collections import Counter
from itertools import combinations
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.graph import Graph, GraphImage, GraphPhase, render_dot, render_mermaid, render_svg
from bake_compiler.graph.layout import lay_out

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.text("abcxyzEND019_-", min_size=1, max_size=12) | st.sampled_from(
    ["end", "graph", "style", "a--b", "--", "__init__"]
)
PIECES = st.sampled_from(
    [
        '"',
        "\\",
        "\n",
        "\r",
        "]",
        "]]>",
        "<script>",
        "</title>",
        "&lt;",
        "#34;",
        "%%{init",
        "-->",
        "`",
        "\0",
        "\x1b",
        "\u2028",
        "\ud800",
        "\u202e",
    ]
)
TEXTS = st.lists(PIECES | st.text(st.characters(), max_size=6), max_size=6).map("".join)
QUOTED = r'"(?:[^"\\\n]|\\.)*"'
DOT = re.compile(
    rf"""digraph\ {QUOTED}\ \{{ | \ \ rankdir=LR | \ \ labelloc=t | \ \ fontname="Helvetica"
    | \ \ (node|edge)\ \[[^\]]*\]
    | \ +label={QUOTED} | \ \ subgraph\ {QUOTED}\ \{{ | \ \ \ \ style="[^"]*";\ color="[^"]*";\ fillcolor="[^"]*"
    | \ \ \ \ {QUOTED}\ \[tooltip={QUOTED}\] | \ \ \}} | \ \ {QUOTED}\ ->\ {QUOTED} | \}}""",
    re.VERBOSE,
)
MERMAID = re.compile(
    r"""---|title:\ "(?:[^"\\%<>]|\\u00[0-9a-f]{2})*"|flowchart\ LR|\ \ end|\ \ \w+\ -->\ \w+
    |\ \ subgraph\ \w+\["[^"<>%`\[\]\\]*"\]|\ \ \ \ \w+\["[^"<>%`\[\]\\]*"\]""",
    re.VERBOSE,
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    names = draw(st.lists(NAMES, max_size=24, unique=True))
    needs = st.lists(st.sampled_from([*names, "elsewhere"]), max_size=4).map(tuple)
    platforms = st.lists(TEXTS, max_size=2).map(tuple)
    images = [GraphImage(name, draw(TEXTS), draw(platforms), draw(needs)) for name in names]
    cuts = sorted(draw(st.lists(st.integers(0, len(images)), max_size=3)))
    parts = [images[start:end] for start, end in zip([0, *cuts], [*cuts, len(images)], strict=True)]
    return Graph(
        draw(TEXTS), tuple(GraphPhase(f"p{index}", draw(TEXTS), tuple(part)) for index, part in enumerate(parts))
    )


def parsed(graph: Graph) -> ET.Element:
    return ET.fromstring(render_svg(graph).encode())  # noqa: S314 - it is our own


def titles(root: ET.Element, kind: str) -> Counter[str]:
    found = (each for each in root.iter() if each.get("class") == kind)
    return Counter((each.findtext(f"{SVG}title") or "").split("\n")[0] for each in found)


@given(graphs())
def test_svg_has_no_elements_but_its_own(graph: Graph) -> None:
    names = {element.tag.removeprefix(SVG) for element in parsed(graph).iter()}
    assert names <= {"svg", "style", "rect", "text", "title", "g", "path"}


@given(graphs())
def test_svg_shows_every_image_once(graph: Graph) -> None:
    assert titles(parsed(graph), "node") == Counter(image.name for image in graph.images)


@given(graphs())
def test_svg_shows_every_edge_once(graph: Graph) -> None:
    known = {image.name for image in graph.images}
    needs = {(image.name, need) for image in graph.images for need in image.needs if need in known - {image.name}}
    assert titles(parsed(graph), "edge") == Counter(f"{name} needs {need}" for name, need in needs)


@given(graphs())
def test_no_two_boxes_overlap(graph: Graph) -> None:
    for one, other in combinations(lay_out(graph).boxes.values(), 2):
        assert one.right < other.x or other.right < one.x or one.bottom < other.y or other.bottom < one.y, (
            f"{one} {other}"
        )


@given(graphs())
def test_everything_is_on_the_page(graph: Graph) -> None:
    page = lay_out(graph)
    boxes = [*page.boxes.values(), *(box for _, box in page.panels)]
    points = [(box.x, box.y) for box in boxes] + [(box.right, box.bottom) for box in boxes]
    for x, y in points + [point for points in page.routes.values() for point in points]:
        assert 0 < x < page.width
        assert 0 < y < page.height


@given(graphs())
def test_every_image_is_in_the_panel_of_its_phase(graph: Graph) -> None:
    page = lay_out(graph)
    for phase, panel in page.panels:
        for box in (page.boxes[image.name] for image in phase.images):
            assert panel.x < box.x < box.right < panel.right
            assert panel.y < box.y < box.bottom < panel.bottom


@given(graphs())
def test_no_edge_goes_through_a_box(graph: Graph) -> None:
    page = lay_out(graph)
    for points in page.routes.values():
        for (x, y), _ in zip(points[1:-1:2], points[2:-1:2], strict=True):
            assert not [box for box in page.boxes.values() if box.x <= x <= box.right and box.y <= y <= box.bottom]


@given(graphs())
def test_every_line_of_mermaid_is_one_of_ours(graph: Graph) -> None:
    assert [line for line in render_mermaid(graph)[:-1].split("\n") if not MERMAID.fullmatch(line)] == []


@given(graphs())
def test_mermaid_has_a_line_for_every_phase_image_and_edge(graph: Graph) -> None:
    assert len(render_mermaid(graph).splitlines()) == 4 + 2 * len(graph.drawn) + len(graph.images) + len(graph.edges)


@given(graphs())
def test_mermaid_names_no_two_things_alike(graph: Graph) -> None:
    ids = re.findall(r"(\w+)\[", render_mermaid(graph).split("flowchart LR")[-1])
    assert len(ids) == len(set(ids)) == len(graph.images) + len(graph.drawn)


@given(graphs())
def test_every_line_of_dot_is_one_of_ours(graph: Graph) -> None:
    assert [line for line in render_dot(graph)[:-1].split("\n") if not DOT.fullmatch(line)] == []


@given(graphs())
def test_dot_has_a_line_for_every_phase_image_and_edge(graph: Graph) -> None:
    assert len(render_dot(graph).splitlines()) == 8 + 4 * len(graph.drawn) + len(graph.images) + len(graph.edges)
