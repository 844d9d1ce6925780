"""Graph → Mermaid: a flowchart from left to right with a subgraph for each phase."""

import re

from bake_compiler.graph.graph import Graph, label_line

# Mermaid looks for directives, comments, HTML, Markdown and its own placeholders inside of labels too.
_SPECIAL = re.compile(r"[^\w .,/+-]|_|(?<=-)-|^-")
_IN_TITLE = re.compile(r"""["%&<>\\]""")


def render_mermaid(graph: Graph) -> str:
    """Return a Mermaid document with names only, as boxes have room for no more. Arrows lead from need to user."""
    title = _IN_TITLE.sub(lambda found: f"\\u{ord(found[0]):04x}", label_line(graph.title))
    lines = ["---", f'title: "{title}"', "---", "flowchart LR"]
    for phase in graph.drawn:
        lines.append(f'  subgraph {_id("phase", phase.name)}["{_label(phase.name)}"]')
        lines += (f'    {_id("image", image.name)}["{_label(image.name)}"]' for image in phase.images)
        lines.append("  end")
    lines += (f"  {_id('image', edge.needed)} --> {_id('image', edge.needing)}" for edge in graph.edges)
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", label_line(text))


def _id(kind: str, name: str) -> str:
    """Return a separate identifier for each name: `end` or `a--b` would be syntax."""
    return f"{kind}_" + re.sub("[^a-zA-Z0-9]", lambda found: f"_{ord(found[0]):x}_", name)
