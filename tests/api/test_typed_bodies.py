"""Bodies and parameters are read by what documents them: what it allows is accepted, and nothing else."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eliza_cloud.api.http.decode_errors import decode_problem
from eliza_cloud.api.http.inputs import Body, Parameter, PassedOn
from eliza_cloud.api.http.responses import RequestError
from eliza_cloud.api.openai.completions import EMBEDDINGS_REQUEST
from eliza_cloud.api.routes import ROUTES
from eliza_cloud.core.problems import Problem
from tests.api.contract import faults, operations
from tests.api.json_values import mixed, resolved, values

#: What a contract wants said word for word, although it names neither what was expected nor what was found.
OF_A_CONTRACT = {
    "Invalid top-up amount",
    "mode must be 'simple' or 'power'",
    "Missing provider",
    "API key is too long",
    "Request body must be a JSON object",
}
SENTENCE = re.compile(r"(?P<path>\S.*) (is required|must be .+, but it is .+\.)")
UNKNOWN = " is not a member that is known here."

described = {f"{one.method} {re.sub(':[^}]*', '', one.path)}": one.contract for one in ROUTES}
#: A wrong word in these would make another agent than was asked for.
WITHOUT_OTHERS = {"POST /api/cloud/agents"}
#: Compat bodies are passed on unread.
bodies = {name: one.body for name, one in described.items() if one.body is not None and one.group != "Compat"}
parameters = {
    f"{name} {parameter.name}": parameter for name, one in described.items() for parameter in one.parameters
}
searched = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def schema_of(name: str) -> dict[str, Any]:
    return operations()[name]["requestBody"]["content"]["application/json"]["schema"]


def refused(body: Body[Any], value: Any) -> str | None:
    """What a value is refused with, None when it is accepted."""
    problem = problem_of(body.decode, msgspec.json.encode(value))
    assert problem is None or problem.status == 400
    return problem and problem.message


def problem_of(read: Callable[[Any], Any], given: Any) -> Problem | None:
    try:
        read(given)
    except RequestError as error:
        return error.problem
    return None


@pytest.mark.parametrize("name", bodies)
@searched
@given(data=st.data())
def test_what_the_document_allows_is_accepted(name, data):
    value = data.draw(values(schema_of(name)))
    assert faults(schema_of(name), value) == []
    assert refused(bodies[name], value) is None


@pytest.mark.parametrize("name", bodies)
@searched
@given(data=st.data())
def test_what_the_document_does_not_allow_is_400_and_said(name, data):
    value = data.draw(mixed(schema_of(name)))
    sentence = refused(bodies[name], value)
    assert (sentence is None) is (faults(schema_of(name), value) == []), (value, sentence)
    if sentence is None or sentence in OF_A_CONTRACT or sentence.startswith("There is no such capability"):
        return
    if sentence.endswith(UNKNOWN):
        assert resolved(schema_of(name))["additionalProperties"] is False, sentence
        return
    said = SENTENCE.fullmatch(sentence)
    assert said, sentence
    member = re.split(r"[.\[]", said["path"])[0]
    assert member in resolved(schema_of(name)).get("properties", member), sentence


@pytest.mark.parametrize("name", bodies)
@pytest.mark.parametrize("value", [None, [], "text", 7, True])
def test_what_is_no_object_is_refused(name, value):
    if name == "POST /rpc/{chain}" and value == []:
        return  # a batch
    assert refused(bodies[name], value) == "Request body must be a JSON object"


@pytest.mark.parametrize("name", bodies)
def test_an_unknown_member_is_ignored_or_refused_by_name(name):
    body = bodies[name]
    example = msgspec.json.decode(msgspec.json.encode(body.example))
    expected = f"vendor{UNKNOWN}" if name in WITHOUT_OTHERS else None
    assert refused(body, {**example, "vendor": {"x": [1, None]}}) == expected


SECRET = "sk-canary-4f9d21c7a0b35e68"


@pytest.mark.parametrize("name", bodies)
@searched
@given(data=st.data())
def test_no_text_that_may_be_a_secret_is_repeated(name, data):
    value = data.draw(mixed(schema_of(name)))
    sentence = refused(bodies[name], _with_secrets(value))
    assert SECRET not in (sentence or "")


def _with_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return SECRET
    if isinstance(value, list):
        return list(map(_with_secrets, value))
    if isinstance(value, dict):
        return {name: _with_secrets(one) for name, one in value.items()}
    return value


@pytest.mark.parametrize(
    ("sent", "model", "passed_on"),
    [
        (b'{"input": "a",  "model":"m", "x": 1e2}', "m", b'{"input": "a",  "model":"m", "x": 1e2}'),
        (b'{"input": "a",  "model":"small", "x": 1e2}', "m", b'{"input":"a","model":"m","x":1e2}'),
        (
            b'{"input": "a", "x": 12345678901234567890123}',
            "m",
            b'{"input":"a","x":12345678901234567890123,"model":"m"}',
        ),
        (b'{"input": "a", "model": null}', None, b'{"input":"a"}'),
        (b'{"input": "a", "model": " "}', None, b'{"input":"a"}'),
    ],
)
def test_of_what_is_passed_on_only_the_model_changes(sent, model, passed_on):
    body = PassedOn(EMBEDDINGS_REQUEST.decode(sent), sent)
    assert bytes(body.with_model(model)) == passed_on


class Inner(msgspec.Struct):
    names: dict[str, list[int]]


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    known: int = 0


class Outer(msgspec.Struct):
    inner: dict[str, Inner]
    count: int = 0
    closed: list[Closed] = []


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({}, "inner is required"),
        ({"inner": None}, "inner is required"),
        ({"inner": {"a": {}}}, "inner.a.names is required"),
        (
            {"inner": {"a": {"names": {"x": [], "y": [1, "2"]}}}},
            "inner.a.names.y[1] must be a whole number, but it is a string.",
        ),
        ({"inner": {"a b": 7}}, 'inner["a b"] must be a JSON object, but it is a number.'),
        ({"inner": {SECRET: 7}}, "inner[a text of 26 characters] must be a JSON object, but it is a number."),
        ({"inner": {}, "count": 1.5}, "count must be a whole number, but it is 1.5."),
        ({"inner": {}, "count": None}, "count must be a whole number, but it is null."),
        (
            {"inner": {}, "closed": [{}, {"known": 1, "` - at `$.x": 2}]},
            'closed[1]["` - at `$.x"] is not a member that is known here.',
        ),
        (
            {"inner": {}, "closed": [{SECRET: 2}]},
            "closed[0][a text of 26 characters] is not a member that is known here.",
        ),
        (
            {"inner": {}, "count": "$.inner` - at `$.inner"},
            "count must be a whole number, but it is a string.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_member_that_does_not_fit_is_named_at_any_depth(document, sentence):
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.convert(document, Outer)
    assert decode_problem(document, Outer, str(error.value)).sentence == sentence


def request_with(parameter: Parameter[Any], text: str) -> Any:
    if parameter.place == "path":
        return make_mocked_request("GET", "/", match_info={parameter.name: text})
    if parameter.place == "header":
        return make_mocked_request("GET", "/", headers={parameter.name: text})
    request = make_mocked_request("GET", "/")
    return request.clone(rel_url=request.rel_url.with_query({parameter.name: text}))


@pytest.mark.parametrize("name", parameters)
def test_the_example_of_a_parameter_is_read(name):
    parameter = parameters[name]
    parameter.read(request_with(parameter, str(parameter.example)))


@pytest.mark.parametrize("name", parameters)
@searched
@given(text=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40))
def test_any_other_text_is_read_or_refused_by_name(name, text):
    parameter = parameters[name]
    problem = problem_of(parameter.read, request_with(parameter, text))
    if problem is not None and problem != parameter.problem:
        assert problem.status == 400
        assert problem.message.startswith(parameter.name)


def test_every_place_in_a_path_is_a_parameter():
    for name, contract in described.items():
        places = [one.name for one in contract.parameters if one.place == "path"]
        assert places == re.findall(r"{(\w+)}", name)
