"""Values of a JSON Schema, and values that may or may not be: what bodies are tried with."""

from typing import Any

from hypothesis import strategies as st

from tests.api.contract import document

Schema = dict[str, Any]

_texts = st.text(st.characters(codec="utf-8"), max_size=8)
_numbers = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6).filter(lambda value: value != int(value))
#: Any JSON. A whole number is never written as 1.0, which JSON Schema takes for one and most programs do not.
ANYTHING = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=5,
)


def resolved(schema: Schema) -> Schema:
    """The schema that a reference leads to."""
    if "$ref" in schema:
        return resolved(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return schema


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """What a schema allows."""
    schema = resolved(schema)
    if "anyOf" in schema:
        return st.one_of(*map(values, schema["anyOf"]))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object":
            return _objects(schema)
        case "array":
            return st.lists(values(schema.get("items", {})), max_size=3)
        case "string":
            return _strings(schema)
        case "integer":
            return st.integers(schema.get("minimum", -(10**6)), schema.get("maximum", 10**6))
        case "number":
            return st.floats(schema.get("minimum", -1e6), schema.get("maximum", 1e6))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    return ANYTHING


def mixed(schema: Schema) -> st.SearchStrategy[Any]:
    """What a schema allows, with one member at any depth replaced by anything."""

    def spoiled(value: Any) -> st.SearchStrategy[Any]:
        if isinstance(value, dict) and value:
            names = st.sampled_from(sorted(value))
            changed = names.flatmap(lambda name: spoiled(value[name]).map(lambda new: {**value, name: new}))
            removed = names.map(lambda name: {other: value[other] for other in value if other != name})
            return changed | removed
        if isinstance(value, list) and value:
            return spoiled(value[0]).map(lambda new: [new, *value[1:]])
        return ANYTHING

    return values(schema).flatmap(spoiled)


def _objects(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: values(member) for name, member in schema.get("properties", {}).items()}
    required = {name: members[name] for name in schema.get("required", ())}
    optional = {name: member for name, member in members.items() if name not in required}
    more = schema.get("additionalProperties", True)
    if more is False:
        return st.fixed_dictionaries(required, optional=optional)
    others = ANYTHING if more is True else values(more)
    extra = st.dictionaries(_texts.filter(lambda name: name not in members), others, max_size=2)
    known = st.fixed_dictionaries(required, optional=optional)
    return st.tuples(extra, known).map(lambda both: {**both[0], **both[1]})


def _strings(schema: Schema) -> st.SearchStrategy[str]:
    most = schema.get("maxLength", 60)
    least = schema.get("minLength", 0)
    strings = (
        st.from_regex(schema["pattern"], alphabet=st.characters(codec="utf-8"))
        if "pattern" in schema
        else _texts
    )
    return strings.filter(lambda text: least <= len(text) <= most)
