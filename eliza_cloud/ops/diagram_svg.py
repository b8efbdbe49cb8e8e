"""A state diagram as a picture, drawn by Graphviz where it is installed."""

import hashlib
import shutil
import subprocess

NO_GRAPHVIZ = (
    "Graphviz is not installed, and svg needs it: install the package `graphviz`, or use --format mermaid."
)


class DrawingError(Exception):
    """The picture could not be drawn; the text is a sentence with a remedy."""


def fingerprint(source: str) -> str:
    """Return the comment line that ties a picture to the dot text it was drawn from."""
    return f"<!-- dot sha256:{hashlib.sha256(source.encode()).hexdigest()} -->"


def svg(source: str) -> str:
    """Draw a dot text; raises `DrawingError` where Graphviz is missing or fails."""
    program = shutil.which("dot")
    if program is None:
        raise DrawingError(NO_GRAPHVIZ)
    drawn = subprocess.run(  # noqa: S603 - our own text on stdin, no shell
        [program, "-Tsvg"], input=source, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if drawn.returncode != 0:
        raise DrawingError(f"Graphviz could not draw it: {drawn.stderr.strip()}")
    declaration, rest = drawn.stdout.split("\n", 1)
    return f"{declaration}\n{fingerprint(source)}\n{rest}"
