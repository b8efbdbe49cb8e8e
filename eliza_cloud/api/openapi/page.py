"""The page at /docs: the OpenAPI document for people. One file without scripts, which loads nothing."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from typing import Any

from eliza_cloud.api.openapi.page_types import members_of, resolved, type_of
from eliza_cloud.api.openapi.reference_pages import page_html, page_names, page_title

_STYLE = files("eliza_cloud.api.openapi").joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: What a browser may do with the page: show it in this style, and nothing else.
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

Document = dict[str, Any]
Operation = dict[str, Any]


def reference_page(document: Document) -> str:
    """Return the page for a document."""
    info = document["info"]
    title = f"{info['title']} API"
    groups = {tag["name"]: list(_operations(document, tag["name"])) for tag in document["tags"]}
    contents = "".join(_contents(group, operations) for group, operations in groups.items())
    return _page(
        title,
        f'{contents}<h2><a href="#types">Types</a></h2>{_pages()}',
        f"<header><h1>{escape(title)}</h1>"
        f'<p class="version">Version {escape(info["version"])} · '
        '<a href="/api/openapi.json">OpenAPI document</a></p>'
        f"{_text(info['description'])}</header>"
        f"{''.join(_group(document, group, operations) for group, operations in groups.items())}"
        f"{_types(document)}",
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


def _group(document: Document, group: str, operations: Iterable[tuple[str, str, Operation]]) -> str:
    articles = "".join(_article(document, *one) for one in operations)
    return f'<section id="{_anchor(group)}"><h2>{escape(group)}</h2>{articles}</section>'


def _article(document: Document, method: str, path: str, operation: Operation) -> str:
    anchor = operation["operationId"]
    without_token = '<p class="open">Needs no token.</p>' if operation.get("security") == [] else ""
    return (
        f'<article id="{anchor}"><h3>{escape(operation["summary"])} '
        f'<a class="anchor" href="#{anchor}" aria-label="Link to this">#</a></h3>'
        f'<p class="call">{_method(method)} <code>{escape(path)}</code></p>'
        f"{_text(operation.get('description', ''))}{without_token}"
        f"{_parameters(document, operation.get('parameters', []))}{_body(document, operation)}"
        f"{_answers(document, operation['responses'])}{_failures(document, operation['responses'])}</article>"
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


def _failures(document: Document, responses: dict[str, Any]) -> str:
    rows = [
        (_status(status), f"<code>{escape(code)}</code>", _inline(_sentence(document, example)))
        for status, response in responses.items()
        for code, example in _examples(response).items()
    ]
    others = f"<p>{_inline(responses['default']['description'])}</p>" if "default" in responses else ""
    return f"<details><summary>What can go wrong ({len(rows)})</summary>{_table(rows)}{others}</details>"


def _examples(response: dict[str, Any]) -> dict[str, Any]:
    """Return the examples of a failure by code; {} for a success."""
    examples: dict[str, Any] = response.get("content", {}).get("application/json", {}).get("examples", {})
    return examples


def _sentence(document: Document, example: dict[str, Any]) -> str:
    if "$ref" in example:
        example = document["components"]["examples"][example["$ref"].rpartition("/")[2]]
    error = example["value"]["error"]
    return str(error["message"] if isinstance(error, dict) else error)


def _content(document: Document, content: dict[str, Any]) -> str:
    schema = _content_schema(content["schema"])
    example = content.get("example")
    shown = "" if example is None else f"<pre><code>{escape(json.dumps(example, indent=2))}</code></pre>"
    kinds = f'<p class="kind">{type_of(document, schema)}</p>' if schema else ""
    return f"{kinds}{shown}"


def _content_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown: of an event, what its data holds."""
    if "anyOf" in schema:
        return {"anyOf": [_content_schema(one) for one in schema["anyOf"]]}
    shown: dict[str, Any] = schema.get("properties", {}).get("data", {}).get("contentSchema", schema)
    return shown


def _types(document: Document) -> str:
    parts = []
    for name, schema in document["components"]["schemas"].items():
        kinds = _members(document, schema) or f'<p class="kind">{type_of(document, schema)}</p>'
        about = _text(schema.get("description", ""))
        parts.append(f'<article id="type-{escape(name)}"><h3>{escape(name)}</h3>{about}{kinds}</article>')
    return f'<section id="types"><h2>Types</h2>{"".join(parts)}</section>'


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
