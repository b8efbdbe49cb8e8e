"""The reference of the HTTP API: every route, as the table has it."""

import re
from collections.abc import Iterator

from eliza_cloud.api.openapi.operation import Operation
from eliza_cloud.api.routes import ROUTES, Endpoint
from eliza_cloud.cli.commands.reference.markdown import code, page, table

INTRODUCTION = """\
While the service runs, `http://localhost:31337/docs` shows every call with its parameters, answers,
errors and examples, and `/api/openapi.json` is the same as OpenAPI 3.1. The [guide](guide.md) has the
usual sequence of calls with `curl`.

Every call needs the token (`Authorization: Bearer …`) except those marked "open", which need none while
the service listens on loopback alone, and those marked "none", which never need one. An error is `{"ok":
false, "error": "<sentence>", "code": "<code>"}` with [a code](errors.md), and with what the cloud said
beside it (`requiredBalance`, …); under `/v1` it has OpenAI's format. The cloud's 401, 402, 404, 409 and
429 keep their status; a server error of the cloud is 502, a timeout 504. Bodies may have 1 MiB, those of
the capabilities 32 MiB."""


def api_page() -> str:
    """Return every route with its summary, by group."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for group, *row in _rows():
        groups.setdefault(group, []).append((row[0], row[1], row[2]))
    return page(
        "HTTP API",
        INTRODUCTION,
        *(f"## {group}\n\n{table(('Call', '', 'Token'), rows)}" for group, rows in groups.items()),
    )


def _rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield group, call, summary and token; routes of one handler for several methods are one row."""
    passed_on: dict[str, list[str]] = {}
    for route in ROUTES:
        if re.search(r"{\w+:", route.path):
            passed_on.setdefault(route.path, []).append(route.method)
    for route in ROUTES:
        contract = route.contract
        if contract is None:
            continue
        methods = passed_on.get(route.path, [route.method])
        if route.method != methods[0]:
            continue
        spans = [code(method) for method in methods[:-1]]
        call = ", ".join([*spans, code(f"{methods[-1]} {_path(route, contract)}")])
        summary = contract.summary if len(methods) == 1 else contract.about
        yield contract.group, call, summary, _token(route)


def _path(route: Endpoint, contract: Operation) -> str:
    query = "&".join(f"{one.name}=" for one in contract.parameters if one.place == "query")
    path = re.sub(r"{(\w+):[^}]*}", r"{\1}", route.path)
    return f"{path}?{query}" if query else path


def _token(route: Endpoint) -> str:
    return "none" if route.probe else "open" if route.open else ""
