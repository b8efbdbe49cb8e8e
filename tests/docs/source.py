"""What the source holds, read as syntax: codes, variables and log lines, wherever they are written."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "eliza_cloud"
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of ours but the emulator's, which is another program, by its path in the package."""
    paths = sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "emulator")
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8")) for path in paths}


def texts(node: ast.AST | None) -> Iterator[str]:
    """The texts an expression may come to, as far as they are written in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*texts(node.body), *texts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from texts(value)


def called(node: ast.Call) -> str:
    """The last part of what a call calls."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def codes(*packages: str) -> dict[str, str]:
    """Each word written as a `code` in these packages (all: none named), and where it is first."""
    found: dict[str, str] = {}
    for module, tree in modules().items():
        if packages and not module.startswith(packages):
            continue
        for node in ast.walk(tree):
            for word in _codes_at(node):
                found.setdefault(word, f"{module}:{getattr(node, 'lineno', '')}")
    return found


def _codes_at(node: ast.AST) -> Iterator[str]:
    """A keyword, a default, an assignment or a dict's member of that name, the dict `_CODES`, an argument."""
    match node:
        case ast.keyword(arg="code", value=value):
            yield from texts(value)
        case ast.arguments():
            yield from _defaults(node)
        case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=value):
            name = getattr(target, "id", getattr(target, "attr", ""))
            if name == "code":
                yield from texts(value)
            if name == "_CODES" and isinstance(value, ast.Dict):
                for one in value.values:
                    yield from texts(one)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if "code" in texts(key):
                    yield from texts(value)
        case ast.Call(args=args):
            for place in _places().get(called(node), ()):
                yield from texts(args[place] if place < len(args) else None)


def _defaults(arguments: ast.arguments) -> Iterator[str]:
    plain = [*arguments.posonlyargs, *arguments.args]
    given = zip(reversed(plain), reversed(arguments.defaults), strict=False)
    for argument, default in (*given, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)):
        if argument.arg == "code":
            yield from texts(default)


@cache
def _places() -> dict[str, set[int]]:
    """By function or class, where among its arguments in order a parameter `code` stands."""
    places: dict[str, set[int]] = {}
    for tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for member in node.body:
                    if isinstance(member, ast.FunctionDef) and member.name == "__init__":
                        _note(places, node.name, member, 1)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                _note(places, node.name, node, 0)
    return places


def _note(
    places: dict[str, set[int]], name: str, made: ast.FunctionDef | ast.AsyncFunctionDef, bound: int
) -> None:
    names = [argument.arg for argument in made.args.args]
    if "code" in names:
        places.setdefault(name, set()).add(names.index("code") - bound)


def words() -> dict[str, str]:
    """Every text that is written anywhere, and where it is first; docstrings included."""
    found: dict[str, str] = {}
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.setdefault(node.value, f"{module}:{node.lineno}")
    return found


def log_calls() -> Iterator[tuple[str, list[str]]]:
    """Where something is logged, and what its first argument may be: names of constants, or other source."""
    for module, tree in modules().items():
        assigned = [(node.targets[0], node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        aliases = {ast.unparse(target) for target, value in assigned if _is_logger_method(value)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                named = isinstance(node.func, ast.Name) and node.func.id in aliases
                if named or _is_logger_method(node.func):
                    yield f"{module}:{node.lineno}", _constants(node.args[0], assigned)


def _is_logger_method(function: ast.expr) -> bool:
    """Whether it is a level's method of a logger, or one chosen from several."""
    if isinstance(function, ast.IfExp):
        return _is_logger_method(function.body)
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    logger = ast.unparse(function.value)
    return logger.endswith(("log", "logger")) or "get_logger(" in logger


def _constants(node: ast.expr, assigned: list[tuple[ast.expr, ast.expr]]) -> list[str]:
    """Resolve a local variable by what is assigned to it in its module."""
    match node:
        case ast.Attribute(value=ast.Name(id="log_events"), attr=name):
            return [name]
        case ast.Name(id=name) if name.isupper():
            return [name]
        case ast.IfExp(body=body, orelse=other):
            return [*_constants(body, assigned), *_constants(other, assigned)]
        case ast.Tuple(elts=[first, *_]):
            return _constants(first, assigned)
        case ast.Name(id=name):
            values = [
                value for target, value in assigned if ast.unparse(target).lstrip("(").split(",")[0] == name
            ]
            return [one for value in values for one in _constants(value, [])] or [name]
    return [ast.unparse(node)]
