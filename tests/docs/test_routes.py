"""Every route is on the page of the API, and every path there leads to a route."""

import re

import pytest

from eliza_cloud.api.resources.compat import COMPAT_PATH
from eliza_cloud.api.routes import ROUTES
from tests.docs.pages import WALKED, page, rows, spans

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")


def named(cells: list[list[str]]) -> set[tuple[str, str]]:
    """Method and path of all that the first cells name.

    A span may hold the method alone (it then belongs to the next path, too), a path without method (the last
    one's), the last segments of a path (`…/restore`, `suspend`: beside the one before), or a body, which
    begins with a brace.
    """
    found = set()
    for first, *_ in cells:
        methods: list[str] = []
        alone: list[str] = []
        directory = ""
        for span in spans(first):
            given = [word for word in span.split() if word in METHODS]
            path = next((word for word in span.split() if word not in METHODS), "").partition("?")[0]
            if not path:
                alone += given
                continue
            if path.startswith("{"):
                continue
            if given:
                methods, alone = [*alone, *given], []
            if path.startswith("/"):
                directory = path.rpartition("/")[0]
            else:
                path = f"{directory}/{path.removeprefix('…/')}"
            found |= {(method, plain(path)) for method in methods}
    return found


def plain(path: str) -> str:
    """A path with every parameter written the same way, `*` and `…` included."""
    return re.sub(r":\w+|\{[^}]*\}|\*|…", "{}", path)


IN_TABLE = named(rows(page("api")))
ELSEWHERE = {
    (method, plain(path))
    for text in map(page, WALKED)
    for method, path in re.findall(r"\b(GET|POST|PUT|DELETE|PATCH) (/[^\s`?]+)", text)
}
COMPAT = plain(COMPAT_PATH)
PATHS = {(route.method, plain(route.path)) for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_on_the_page(route):
    assert (route.method, plain(route.path)) in IN_TABLE


def test_what_is_passed_on_with_every_method_is_on_the_page():
    assert COMPAT in {path for _, path in IN_TABLE}


def test_every_path_of_the_table_leads_to_a_route():
    assert len(IN_TABLE) >= 40
    assert set() == IN_TABLE - PATHS


def test_every_call_that_the_pages_name_leads_to_a_route():
    assert len(ELSEWHERE) >= 10
    assert set() == ELSEWHERE - PATHS
