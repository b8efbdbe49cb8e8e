"""The pages of the reference at /docs/<page>."""

import re
from html import unescape

import pytest

from eliza_cloud.api.openapi.reference_pages import (
    heading_id,
    headings,
    page_html,
    page_names,
    page_text,
    page_title,
)


@pytest.mark.parametrize("name", page_names())
async def test_a_page_is_served_readable_and_needs_no_token_on_loopback(service, name):
    answer = await service.call("GET", f"/docs/{name}", headers={"Authorization": ""})
    page = await answer.text()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert f"<title>{page_title(name)}</title>" in unescape(page)
    assert page.count("<h1") == 1
    for heading in headings(name):
        assert f'id="{heading_id(heading)}"' in page
    assert "\n|" not in page  # every table was read as one
    again = await service.call("GET", f"/docs/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize("name", page_names())
def test_every_link_of_a_page_leads_somewhere(name):
    page = page_html(name)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for link in re.findall(r'href="([^"]+)"', page):
        target, _, anchor = link.partition("#")
        if target.startswith("http"):
            continue
        assert not target or target.removeprefix("/docs/") in page_names(), link
        there = page if not target else page_html(target.removeprefix("/docs/"))
        assert not anchor or f'id="{anchor}"' in there, link


@pytest.mark.parametrize("name", ["nothing", "..%2Fpyproject", "errors.md", "__init__"])
async def test_what_is_no_page_is_404(service, name):
    answer = await service.call("GET", f"/docs/{name}")
    assert (answer.status, (await answer.json())["code"]) == (404, "unknown_page")
    with pytest.raises(KeyError):
        page_text(name)


def test_no_html_of_a_page_gets_through():
    assert "<time" not in page_html("cloud-api")
    assert "&lt;ISO time&gt;" in page_html("cloud-api")
