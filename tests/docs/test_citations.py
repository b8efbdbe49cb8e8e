"""Every citation leads to a heading of the reference, and nothing outside of it is cited."""

import re

import pytest

from tests.docs.citations import WRITTEN, cited, places, texts, without_citations
from tests.docs.pages import REFERENCE

#: How something is cited that nobody can look up.
ELSEWHERE = re.compile(r"\bseed: |\bthe seed\b|\b[Cc]ontract (?:§|local|eliza|cloud)|\bissues?: |\bissue \d")


def test_every_citation_of_the_code_leads_somewhere():
    found = [(where, *one) for where, text in texts().items() for one in cited(text)]
    assert len(found) > 150
    assert [(where, page, place) for where, page, place in found if place not in places(page)] == []


def test_every_section_that_is_named_says_of_which_page():
    assert {where: text for where, text in texts().items() if "§" in without_citations(text)} == {}


def test_nothing_is_cited_that_is_not_here():
    assert {where: text for where, text in texts().items() if ELSEWHERE.search(text)} == {}


@pytest.mark.parametrize("page", WRITTEN)
def test_every_citation_of_a_page_leads_somewhere(page):
    text = " ".join((REFERENCE / f"{page}.md").read_text("utf-8").split())
    assert [one for one in cited(text) if one[1] not in places(one[0])] == []


def test_citations_are_found_in_every_form():
    text = (
        "So (cloud-api §9, §12-§14; local-api §20 rows 3 and 5-7), RFC 9110 §10.1 (architecture: The fence)."
    )
    assert set(cited(text)) == {
        *(("cloud-api", place) for place in ("§9", "§12", "§13", "§14")),
        *(("local-api", f"§20 row {row}") for row in (3, 5, 6, 7)),
        ("architecture", "The fence"),
    }
    assert list(cited("as cloud-api-latest L4 says")) == [("cloud-api-latest", "L4")]
    assert "§" not in without_citations(text)
    assert "§" in without_citations("contract §9")
    assert "§" in without_citations("eliza-cloud-api §9")
