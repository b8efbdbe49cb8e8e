"""JSON Schema in words: what a type is, for the page at /docs."""

from collections.abc import Iterator
from html import escape
from typing import Any

Schema = dict[str, Any]

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}


def resolved(document: dict[str, Any], schema: Schema) -> Schema:
    """Return the schema itself where it is only referred to."""
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def members_of(schema: Schema) -> Iterator[tuple[str, Schema, bool]]:
    """Yield an object's members, and whether each is always there."""
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        yield name, member, name in required


def type_of(document: dict[str, Any], schema: Schema) -> str:
    """Return in HTML what a schema allows; types with a name are links to where they are described."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#type-{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(document, one) for one in schema["anyOf"]))
    if "const" in schema:
        return f"<code>{escape(str(schema['const']).lower())}</code>"
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(word))}</code>" for word in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return f"list of {type_of(document, schema.get('items', {}))}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"object of {type_of(document, values)}" if isinstance(values, dict) and values else "object"
    return f"{_WORDS.get(str(kind), 'anything')}{_bounds(schema)}"


def _bounds(schema: Schema) -> str:
    """Return how long a text, or how large a number may be."""
    least = schema.get("minimum", schema.get("minLength"))
    most = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if "minLength" in schema or "maxLength" in schema else ""
    if least is not None and most is not None:
        return f", {least:g} to {most:g}{unit}"
    if most is not None:
        return f", at most {most:g}{unit}"
    return f" ({schema['format']})" if "format" in schema else ""
