"""A state diagram in Mermaid's language, as GitHub and most Markdown viewers draw it."""

from eliza_cloud.ops.diagram import Diagram, Edge


def mermaid(diagram: Diagram) -> str:
    """Write a `stateDiagram-v2`; the same table always gives the same text."""
    lines = ["stateDiagram-v2", "  direction LR", f"  [*] --> {diagram.initial}", *map(_edge, diagram.edges)]
    if diagram.internal:
        lines.append("  classDef internal stroke-dasharray: 5 4")
        lines += [f"  class {state} internal" for state in diagram.internal]
    return "\n".join(lines) + "\n"


def _edge(edge: Edge) -> str:
    return f"  {edge.source} --> {edge.dest} : {'<br/>'.join(edge.labels)}"
