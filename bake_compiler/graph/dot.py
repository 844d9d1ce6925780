"""Graph → DOT: the language of Graphviz, with a cluster for each phase."""

from bake_compiler.graph.graph import Graph, label_line

_HEAD = """\
  rankdir=LR
  labelloc=t
  fontname="Helvetica"
  node [shape=box, style="rounded,filled", fillcolor="white", fontname="Helvetica"]
  edge [color="#57606a", arrowsize=0.7]
"""
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "&": "&amp;"})


def render_dot(graph: Graph) -> str:
    """Return a DOT document. An arrow leads from a needed image to the image that needs it."""
    lines = [f"digraph {_quote(graph.title)} {{\n{_HEAD}  label={_quote(graph.title)}"]
    for phase in graph.drawn:
        lines.append(f"  subgraph {_quote(f'cluster_{phase.name}')} {{")
        lines.append(f"    label={_quote(phase.name, phase.description)}")
        lines.append('    style="rounded,filled"; color="#d0d7de"; fillcolor="#f6f8fa"')
        lines += (f"    {_quote(image.name)} [tooltip={_quote(*image.lines)}]" for image in phase.images)
        lines.append("  }")
    lines += (f"  {_quote(edge.needed)} -> {_quote(edge.needing)}" for edge in graph.edges)
    return "\n".join([*lines, "}"]) + "\n"


def _quote(*texts: str) -> str:
    """Return a DOT string with one line for each text, in which Graphviz finds no escapes and no entities."""
    return '"' + "\\n".join(label_line(text).translate(_ESCAPES) for text in texts if text) + '"'
