"""A state diagram in Graphviz's language."""

from eliza_cloud.ops.diagram import Diagram, Edge

FILL = {
    "connected": "#d7f0dd",
    "authenticated": "#d7f0dd",
    "connecting": "#dbe9fb",
    "pending": "#dbe9fb",
    "reconnecting": "#fdeec8",
    "error": "#fadbd8",
    "failed": "#fadbd8",
}
"""The colour of a state's box; the others are grey."""

GRAPH = "rankdir=TB, nodesep=0.4, ranksep=0.75, pad=0.2, bgcolor=white"
NODE = (
    'shape=box, style="rounded,filled", fillcolor="#eeeeee", color="#444444", '
    'fontname=Helvetica, fontsize=14, margin="0.22,0.12"'
)
EDGE = 'color="#666666", fontcolor="#222222", fontname=Helvetica, fontsize=10, arrowsize=0.7'
MARGIN = "\u00a0"
"""What keeps a label off its line; plain blanks would not be drawn."""


def dot(diagram: Diagram) -> str:
    """Write the diagram for `dot`; the same table always gives the same text."""
    lines = [f"digraph {diagram.machine} {{", f"  graph [{GRAPH}]", f"  node [{NODE}]", f"  edge [{EDGE}]"]
    lines.append('  start [shape=circle, width=0.16, label="", fillcolor="#444444", style=filled]')
    lines += [_node(diagram, state) for state in diagram.states]
    lines.append(f"  start -> {diagram.initial}")
    lines += [_edge(edge) for edge in diagram.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _node(diagram: Diagram, state: str) -> str:
    attributes = [f'fillcolor="{FILL[state]}"'] if state in FILL else []
    if state in diagram.internal:
        attributes.append('style="rounded,filled,dashed"')
    return f"  {state} [{', '.join(attributes)}]" if attributes else f"  {state}"


def _edge(edge: Edge) -> str:
    label = "".join(f"{MARGIN}{line}{MARGIN}\\l" for line in edge.labels)
    dashed = ", style=dashed" if edge.eventless else ""
    return f'  {edge.source} -> {edge.dest} [label="{label}"{dashed}]'
