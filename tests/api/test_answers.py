"""The one form every failure is answered in."""

import json

import pytest

from eliza_cloud.api.http.responses import problem_response
from eliza_cloud.core.problems import Problem


def failed(**more):
    return Problem(**{"code": "word", "status": 409, "message": "A sentence.", **more})


def test_details_stand_beside_the_three_members_and_override_none():
    details = {"requiredBalance": 5, "ok": True, "error": "theirs", "code": "theirs", "data": {"a": [None]}}
    answer = problem_response(failed(details=details))
    assert answer.status == 409
    assert json.loads(answer.body) == {
        "ok": False,
        "error": "A sentence.",
        "code": "word",
        "requiredBalance": 5,
        "data": {"a": [None]},
    }


@pytest.mark.parametrize(
    ("status", "seconds", "header"),
    [
        (429, 17, "17"),
        (429, 0.2, "1"),
        (503, 1.01, "2"),
        (429, 0, "1"),
        (429, None, None),
        (409, 17, None),
        (502, 17, None),
    ],
)
def test_retry_after_is_in_whole_seconds_where_it_means_something(status, seconds, header):
    answer = problem_response(failed(status=status, retry_after=seconds))
    assert answer.headers.get("Retry-After") == header
