"""The page at /docs: the OpenAPI document for people. One file without scripts, which loads nothing."""

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from html import escape, unescape
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from eliza_cloud.api.openapi.page_types import members_of, resolved, type_of
from eliza_cloud.api.openapi.reference_pages import page_html, page_names, page_title

_STYLE = files("eliza_cloud.api.openapi").joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_FIRST = "Sign-in"
_ASSIGNED = "TOKEN=$(cat ~/.eliza/api-token)"
_HERE = "http://localhost:31337"
#: What a browser may do with the page: show it in this style, search it, and nothing else.
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

Document = dict[str, Any]
#: Pairs of status and code.
Failures = list[tuple[str, str]]
Operation = dict[str, Any]


def reference_page(document: Document) -> str:
    """Return the page for a document: signing in first, as a reader does."""
    title = _title(document)
    groups = {name: list(_operations(document, name)) for name in _group_names(document)}
    contents = "".join(_contents(group, operations) for group, operations in groups.items())
    common = _common_failures(document)
    return _page(
        title,
        f'{_search("")}{contents}<h2><a href="#types">Types</a></h2>{_pages()}',
        f"<header><h1>{escape(title)}</h1>"
        f'<p class="version">Version {escape(document["info"]["version"])} · '
        '<a href="/api/openapi.json">OpenAPI document</a></p>'
        f"{_text(document['info']['description'])}"
        f"<p>The examples take the token from the shell:</p><pre><code>{escape(_ASSIGNED)}</code></pre>"
        "<p>Any call can fail in these ways, whose sentences and remedies are on the page about"
        f' <a href="/docs/errors">errors</a>:</p>{_codes(common)}</header>'
        f"{''.join(_group(document, group, operations, common) for group, operations in groups.items())}"
        f"{_types(document)}",
    )


def found_page(document: Document, words: str) -> str:
    """Return a page with the calls and types that hold all the words."""
    common = _common_failures(document)
    articles = [
        *(
            _article(document, *one, common)
            for name in _group_names(document)
            for one in _operations(document, name)
        ),
        *(_type(document, name, schema) for name, schema in document["components"]["schemas"].items()),
    ]
    found = [one for one in articles if _holds(one, words.lower().split())]
    linked = "".join(found).replace('href="#', 'href="/docs#')
    shown = f"{len(found)} of {len(articles)} calls and types hold" if found else "No call and no type holds"
    return _page(
        _title(document),
        f'{_search(words)}<ul><li><a href="/docs">All calls and types</a></li></ul>{_pages()}',
        f'<header><h1>{escape(_title(document))}</h1><p class="version">{shown} “{escape(words)}”. '
        f'<a href="/docs">Show all</a></p></header>{linked}',
    )


def _holds(article: str, words: list[str]) -> bool:
    text = unescape(re.sub(r"<[^>]+>", " ", article)).lower()
    return all(word in text for word in words)


def _title(document: Document) -> str:
    return f"{document['info']['title']} API"


def _group_names(document: Document) -> list[str]:
    return sorted((tag["name"] for tag in document["tags"]), key=lambda name: name != _FIRST)


def _search(words: str) -> str:
    return (
        '<form role="search" action="/docs"><input type="search" name="q" maxlength="100"'
        f' aria-label="Calls and types that hold these words" value="{escape(words)}">'
        "<button>Search</button></form>"
    )


def written_page(name: str) -> str:
    """Return a page of the reference; raises KeyError for a name that is none."""
    contents = f'<ul><li><a href="/docs">API</a></li></ul>{_pages()}'
    return _page(page_title(name), contents, f'<div class="written">{page_html(name)}</div>')


def _page(title: str, contents: str, main: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f'<nav aria-label="Contents"><details><summary>{escape(title)}</summary>{contents}</details></nav>'
        f"<main>{main}</main></body></html>"
    )


def _pages() -> str:
    lines = "".join(
        f'<li><a href="/docs/{escape(name)}">{escape(page_title(name))}</a></li>' for name in page_names()
    )
    return f"<h2>Reference</h2><ul>{lines}</ul>"


def _operations(document: Document, group: str) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if group in operation["tags"]:
                yield method, path, operation


def _contents(group: str, operations: Iterable[tuple[str, str, Operation]]) -> str:
    lines = "".join(
        f'<li><a href="#{operation["operationId"]}">{_method(method)} <span>{escape(operation["summary"])}'
        "</span></a></li>"
        for method, _, operation in operations
    )
    return f'<h2><a href="#{_anchor(group)}">{escape(group)}</a></h2><ul>{lines}</ul>'


def _group(
    document: Document, group: str, operations: Iterable[tuple[str, str, Operation]], common: Failures
) -> str:
    articles = "".join(_article(document, *one, common) for one in operations)
    return f'<section id="{_anchor(group)}"><h2>{escape(group)}</h2>{articles}</section>'


def _article(document: Document, method: str, path: str, operation: Operation, common: Failures) -> str:
    anchor = operation["operationId"]
    without_token = '<p class="open">Needs no token.</p>' if operation.get("security") == [] else ""
    return (
        f'<article id="{anchor}"><h3>{escape(operation["summary"])} '
        f'<a class="anchor" href="#{anchor}" aria-label="Link to this">#</a></h3>'
        f'<p class="call">{_method(method)} <code>{escape(path)}</code></p>'
        f"{_text(operation.get('description', ''))}{without_token}"
        f"<pre><code>{escape(_curl(method, path, operation), quote=False)}</code></pre>"
        f"{_parameters(document, operation.get('parameters', []))}{_body(document, operation)}"
        f"{_answers(document, operation['responses'])}{_failures(operation['responses'], common)}</article>"
    )


def _parameters(document: Document, parameters: list[dict[str, Any]]) -> str:
    rows = [
        (
            f"{_name(one['name'], required=one['required'])}",
            f"{type_of(document, one['schema'])}, {one['in']}",
            _inline(one["description"]),
        )
        for one in parameters
    ]
    return f"<h4>Parameters</h4>{_table(rows)}" if rows else ""


def _body(document: Document, operation: Operation) -> str:
    if "requestBody" not in operation:
        return ""
    content = operation["requestBody"]["content"]["application/json"]
    optional = "" if operation["requestBody"]["required"] else " (may be left out)"
    members = _members(document, resolved(document, content["schema"]))
    return f"<h4>Body{optional}</h4>{_content(document, content)}{members}"


def _answers(document: Document, responses: dict[str, Any]) -> str:
    parts = []
    for status, response in responses.items():
        if _examples(response) or status == "default":
            continue
        headers = {name: one["description"] for name, one in response["headers"].items() if "$ref" not in one}
        shown = "".join(
            f"<p><code>{escape(name)}</code>: {_inline(about)}</p>" for name, about in headers.items()
        )
        contents = "".join(
            (f'<p class="media">{escape(media)}</p>' if media != "application/json" else "")
            + _content(document, content)
            for media, content in response.get("content", {}).items()
        )
        parts.append(f"<h4>{_status(status)} {_inline(response['description'])}</h4>{shown}{contents}")
    return "".join(parts)


def _curl(method: str, path: str, operation: Operation) -> str:
    """Return the call as a line for a shell, with the examples of what it takes."""
    parameters = operation.get("parameters", [])
    query = [one for one in parameters if one["in"] == "query" and one["required"]]
    for one in parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(one["example"]))
    if query:
        path += f"?{urlencode({one['name']: one['example'] for one in query})}"
    words = ["curl", *([] if method == "get" else ["-X", method.upper()]), shlex.quote(f"{_HERE}{path}")]
    if operation.get("security") != []:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        body = shlex.quote(json.dumps(example, ensure_ascii=False))
        words.append(f"\\\n  -H 'Content-Type: application/json' -d {body}")
    return " ".join(words)


def _common_failures(document: Document) -> Failures:
    """Return what every call that needs the token can fail with."""
    failures = [
        _codes_of(operation["responses"])
        for methods in document["paths"].values()
        for operation in methods.values()
        if operation.get("security") != [] and "default" not in operation["responses"]
    ]
    return [one for one in failures[0] if all(one in others for others in failures)] if failures else []


def _codes_of(responses: dict[str, Any]) -> Failures:
    return [(status, code) for status, response in responses.items() for code in _examples(response)]


def _failures(responses: dict[str, Any], common: Failures) -> str:
    own = [one for one in _codes_of(responses) if one not in common]
    others = f"<p>{_inline(responses['default']['description'])}</p>" if "default" in responses else ""
    if not own and not others:
        return ""
    return f"<details><summary>What else can go wrong ({len(own)})</summary>{_codes(own)}{others}</details>"


def _codes(failures: Failures) -> str:
    """Return a line for each status with its codes."""
    lines = ""
    for status in dict.fromkeys(status for status, _ in failures):
        codes = ", ".join(escape(code) for other, code in failures if other == status)
        lines += f"<p>{_status(status)} {codes}</p>"
    return f'<div class="codes">{lines}</div>' if lines else ""


def _examples(response: dict[str, Any]) -> dict[str, Any]:
    """Return the examples of a failure by code; {} for a success."""
    examples: dict[str, Any] = response.get("content", {}).get("application/json", {}).get("examples", {})
    return examples


def _content(document: Document, content: dict[str, Any]) -> str:
    schema = _content_schema(content["schema"])
    example = content.get("example")
    shown = (
        ""
        if example is None
        else f"<pre><code>{escape(json.dumps(example, indent=2), quote=False)}</code></pre>"
    )
    kinds = f'<p class="kind">{type_of(document, schema)}</p>' if schema else ""
    return f"{kinds}{shown}"


def _content_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown: of an event, what its data holds."""
    if "anyOf" in schema:
        return {"anyOf": [_content_schema(one) for one in schema["anyOf"]]}
    shown: dict[str, Any] = schema.get("properties", {}).get("data", {}).get("contentSchema", schema)
    return shown


def _types(document: Document) -> str:
    schemas: dict[str, Any] = document["components"]["schemas"]
    parts = "".join(_type(document, name, schema) for name, schema in schemas.items())
    return f'<section id="types"><h2>Types</h2>{parts}</section>'


def _type(document: Document, name: str, schema: dict[str, Any]) -> str:
    kinds = _members(document, schema) or f'<p class="kind">{type_of(document, schema)}</p>'
    about = _text(schema.get("description", ""))
    return f'<article id="type-{escape(name)}"><h3>{escape(name)}</h3>{about}{kinds}</article>'


def _members(document: Document, schema: dict[str, Any]) -> str:
    rows = [
        (_name(member, required=required), type_of(document, one), _inline(one.get("description", "")))
        for member, one, required in members_of(schema)
    ]
    return _table(rows) if rows else ""


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table>{lines}</table></div>'


def _method(method: str) -> str:
    return f'<b class="method {method}">{method.upper()}</b>'


def _status(status: str) -> str:
    return f'<b class="status s{status[0]}">{escape(status)}</b>'


def _name(name: str, *, required: bool) -> str:
    return f"<code>{escape(name)}</code>{'' if required else '<i>optional</i>'}"


def _anchor(group: str) -> str:
    return "group-" + re.sub(r"\W+", "-", group.lower())


def _text(text: str) -> str:
    return "".join(f"<p>{_inline(one)}</p>" for one in text.split("\n\n") if one.strip())


def _inline(text: str) -> str:
    """Show a line of text, with `code` and **what is stressed**."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", shown)
