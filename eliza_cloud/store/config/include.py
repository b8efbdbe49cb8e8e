"""`$include` in eliza.json: other files of its directory, read as if they stood there, and never written."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eliza_cloud.store.config.json5 import describe
from eliza_cloud.store.errors import ConfigError, file_errors

INCLUDE = "$include"
#: Files that include one another.
MAX_INCLUDED = 10


def included(
    document: Mapping[str, Any], path: Path, load: Callable[[Path], dict[str, Any]]
) -> dict[str, Any]:
    """Return the document with what its `$include`s name; the members beside one win, as do later files.

    `load` reads a file. Raises ConfigError for one that is missing, elsewhere, or more than ten deep.
    """
    with file_errors("follow", path):
        root = Path(os.path.realpath(path)).parent
    found: dict[str, Any] = _resolved(document, path, root, load, 0)
    return found


def _resolved(node: Any, path: Path, root: Path, load: Callable[[Path], dict[str, Any]], depth: int) -> Any:
    if isinstance(node, list):
        return [_resolved(one, path, root, load, depth) for one in node]
    if not isinstance(node, Mapping):
        return node
    merged: Any = {}
    for name in _names(node.get(INCLUDE), path):
        if depth == MAX_INCLUDED:
            raise ConfigError(f"{path}: {INCLUDE}: more than {MAX_INCLUDED} deep; put the files into one.")
        other = _inside(name, path, root)
        merged = _merged(merged, _resolved(load(other), other, root, load, depth + 1))
    own = {name: _resolved(one, path, root, load, depth) for name, one in node.items() if name != INCLUDE}
    return _merged(merged, own)


def _names(value: Any, path: Path) -> list[str]:
    names = value if isinstance(value, list) else [] if value is None else [value]
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(
                f"{path}: {INCLUDE}: expected a path or a list of paths, found {describe(name)}."
            )
    return list(names)


def _inside(name: str, path: Path, root: Path) -> Path:
    with file_errors("follow", path):
        other = Path(os.path.realpath(path.parent / name))
        if not other.is_relative_to(root):
            raise ConfigError(
                f"{path}: {INCLUDE}: {describe(name)} is not in {root}; only files in there are included."
            )
        if not other.is_file():
            raise ConfigError(f"{path}: {INCLUDE}: there is no file {describe(name)}; correct or remove it.")
    return other


def _merged(first: Any, second: Any) -> Any:
    if not isinstance(first, dict) or not isinstance(second, dict):
        return second
    return {**first, **{name: _merged(first.get(name), value) for name, value in second.items()}}
