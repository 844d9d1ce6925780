"""Graph → SVG: one file that needs no other file, for light and dark pages."""

from html import escape
from itertools import pairwise
from textwrap import wrap

from bake_compiler.graph.geometry import Box, Point
from bake_compiler.graph.graph import Edge, Graph, GraphImage, GraphPhase, label_line
from bake_compiler.graph.layout import MARGIN, PAD, lay_out, text_width

_ACCENTS = ("#2f81f7", "#1a9e75", "#d9822b", "#8a63d2", "#d4526e", "#1b98ab")
_PROSE = 6.4  # the advance of prose at 12 px
_STYLE = """\
.bakec text { font: 12px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: #59636e }
.bakec .name { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; fill: #1f2328 }
.bakec .title { font-size: 18px; font-weight: 600; fill: #1f2328 }
.bakec .page { fill: #ffffff }
.bakec .panel { fill: #f6f8fa; stroke: #d1d9e0 }
.bakec .box { fill: #ffffff; stroke-width: 1.5 }
.bakec .node .name { font-size: 13px; text-anchor: middle }
.bakec .phase .name { font-size: 14px; font-weight: 600 }
.bakec .edge { fill: none; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; opacity: 0.75 }
.bakec .edge:hover { stroke-width: 3; opacity: 1 }
.bakec .node:hover .box { stroke-width: 3 }
@media (prefers-color-scheme: dark) {
.bakec text { fill: #9198a1 }
.bakec .name, .bakec .title { fill: #f0f6fc }
.bakec .page, .bakec .box { fill: #0d1117 }
.bakec .panel { fill: #151b23; stroke: #3d444d }
}
"""


def render_svg(graph: Graph) -> str:
    """Return an SVG document. An arrow leads from a needed image to the image that needs it."""
    layout = lay_out(graph)
    accents = {
        image.name: _ACCENTS[index % len(_ACCENTS)] for index, phase in enumerate(graph.drawn) for image in phase.images
    }
    title = _fitting(graph.title, layout.width - 2 * MARGIN, 10.5, 1)
    size = f'width="{layout.width}" height="{layout.height}"'
    view = f'viewBox="0 0 {layout.width} {layout.height}" role="img" aria-label="{_text(graph.title)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bakec" {size} {view}>',
        f"<style>\n{_STYLE}</style>",
        f'<rect class="page" {size}/>',
        *(f'<text class="title" x="{MARGIN}" y="{MARGIN + 20}">{_text(line)}</text>' for line in title),
        *(_panel(phase, box, accents[phase.images[0].name]) for phase, box in layout.panels),
        *(_edge(edge, points, accents[edge.needed]) for edge, points in layout.routes.items()),
        *(_node(image, layout.boxes[image.name], accents[image.name]) for image in graph.images),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(phase: GraphPhase, box: Box, accent: str) -> str:
    x, width = box.x + PAD, box.width - 2 * PAD
    lines = _fitting(phase.description, width, _PROSE, 2)
    outline = _rect(box, 'class="panel" rx="10"')
    return (
        f'<g class="phase"><title>{_text(phase.name, phase.description)}</title>{outline}'
        f'<rect x="{x}" y="{box.y}" width="{width}" height="3" rx="1.5" fill="{accent}"/>'
        f'<text class="name" x="{x}" y="{box.y + 24}">{_text(phase.name)}</text>'
        + "".join(f'<text x="{x}" y="{box.y + 41 + 15 * row}">{_text(line)}</text>' for row, line in enumerate(lines))
        + "</g>"
    )


def _node(image: GraphImage, box: Box, accent: str) -> str:
    outline = _rect(box, f'class="box" rx="7" stroke="{accent}"')
    center, base = _number(box.x + box.width / 2), _number(box.middle + 4.5)
    return (
        f'<g class="node"><title>{_text(*image.lines)}</title>{outline}'
        f'<text class="name" x="{center}" y="{base}">{_text(image.name)}</text></g>'
    )


def _rect(box: Box, looks: str) -> str:
    return f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" {looks}/>'


def _edge(edge: Edge, points: tuple[Point, ...], accent: str) -> str:
    """Return a path that curves between columns and is straight beside them. Its arrow head is part of the path."""
    way = [f"M{_point(points[0])}"]
    for index, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        if index % 2 or y1 == y2:
            way.append(f"L{_point((x2, y2))}")
        else:
            middle = (x1 + x2) / 2
            way.append(f"C{_point((middle, y1))} {_point((middle, y2))} {_point((x2, y2))}")
    (x, y), back = points[-1], 7 if points[-1][0] < points[-2][0] else -7
    way.append(f"M{_point((x + back, y - 4))}L{_point((x, y))}L{_point((x + back, y + 4))}")
    tip = _text(f"{edge.needing} needs {edge.needed}")
    return f'<path class="edge" stroke="{accent}" d="{"".join(way)}"><title>{tip}</title></path>'


def _fitting(text: str, width: float, advance: float, lines: int) -> list[str]:
    """Return the text in at most `lines` lines that fit, with an ellipsis if the text is longer."""
    plain = label_line(text)
    widest = max((text_width(letter, advance) for letter in plain), default=advance)
    return wrap(plain, int(width / widest), max_lines=lines, placeholder="…")


def _text(*lines: str) -> str:
    return "\n".join(escape(label_line(line)) for line in lines if line)


def _point(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
