"""cloud-api §7: the browser's side of a login."""

import re
from uuid import uuid4

import pytest
from aiohttp import ClientSession, CookieJar

PATH = "/api/auth/cli-session"


class Browser:
    """Follows nothing by itself, keeps cookies, and fills in forms."""

    def __init__(self, session: ClientSession, base: str) -> None:
        self.session = session
        self.base = base

    async def get(self, path):
        async with self.session.get(f"{self.base}{path}", allow_redirects=False) as response:
            return response, await response.text()

    async def post(self, path, fields, **headers):
        async with self.session.post(
            f"{self.base}{path}", data=fields, headers=headers, allow_redirects=False
        ) as response:
            return response, await response.text()


def _fields(html, action):
    form = re.search(rf'<form method="post" action="{action}">.*?</form>', html, re.DOTALL).group()
    return dict(re.findall(r'<input type="\w+" name="(\w+)" value="([^"]*)"', form))


@pytest.fixture
async def browser(api):
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield Browser(session, str(api.client.make_url("")).rstrip("/"))


async def _session(api):
    return (await api.post(PATH, json={"sessionId": str(uuid4())}, headers={})).body["sessionId"]


async def _sign_in(browser, path="/", email="ada@example.org"):
    _, html = await browser.get(f"/login?returnTo={path}")
    fields = _fields(html, "/login")
    return await browser.post("/login", {**fields, "email": email})


async def test_a_login_goes_from_the_page_over_sign_in_to_the_key(api, browser):
    session_id = await _session(api)
    page = f"/auth/cli-login?session={session_id}"
    sent, _ = await browser.get(page)
    assert sent.status == 302
    assert sent.headers["Location"].startswith("/login?returnTo=%2Fauth%2Fcli-login")
    _, html = await browser.get(sent.headers["Location"])
    fields = _fields(html, "/login")
    assert fields["email"] == "demo@elizacloud.test"
    back, _ = await browser.post("/login", fields)
    assert (back.status, back.headers["Location"]) == (303, page)
    shown, html = await browser.get(page)
    assert shown.status == 200
    assert "Authorize" in html
    done, _ = await browser.post("/auth/cli-login", _fields(html, "/auth/cli-login"))
    assert (done.status, done.headers["Location"]) == (303, page)
    _, html = await browser.get(page)
    assert "You are signed in" in html
    key = (await api.get(f"{PATH}/{session_id}", headers={})).body["apiKey"]
    assert key not in html
    user = await api.get("/api/v1/user", headers={"X-API-Key": key})
    assert user.body["data"]["email"] == "demo@elizacloud.test"


async def test_another_email_is_another_account_with_its_own_agents(api, browser):
    agent_id = await api.create()
    session_id = await _session(api)
    await _sign_in(browser, f"/auth/cli-login?session={session_id}")
    _, html = await browser.get(f"/auth/cli-login?session={session_id}")
    await browser.post("/auth/cli-login", _fields(html, "/auth/cli-login"))
    key = (await api.get(f"{PATH}/{session_id}", headers={})).body["apiKey"]
    theirs = {"X-API-Key": key}
    assert (await api.get(api.agents, headers=theirs)).body["data"] == []
    assert (await api.get(f"{api.agents}/{agent_id}", headers=theirs)).status == 404


async def test_without_a_session_or_with_an_unknown_one_the_page_says_so(api, browser):
    missing, html = await browser.get("/auth/cli-login")
    assert missing.status == 400
    assert "Start the login again" in html
    await _sign_in(browser)
    unknown, html = await browser.get(f"/auth/cli-login?session={uuid4()}")
    assert unknown.status == 404
    assert "expired" in html


async def test_a_form_from_elsewhere_is_refused(api, browser):
    session_id = await _session(api)
    await _sign_in(browser)
    _, html = await browser.get(f"/auth/cli-login?session={session_id}")
    fields = _fields(html, "/auth/cli-login")
    foreign, _ = await browser.post("/auth/cli-login", {**fields, "form": "guess"})
    assert foreign.status == 403
    cross, _ = await browser.post("/auth/cli-login", fields, Origin="https://evil.example")
    assert cross.status == 403
    assert (await api.get(f"{PATH}/{session_id}", headers={})).body == {"status": "pending"}


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/%0d%0aX: 1", ""],
)
async def test_sign_in_leads_nowhere_but_here(browser, target):
    answer, _ = await _sign_in(browser, target)
    assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_a_wrong_email_is_explained_in_the_form(browser):
    answer, html = await _sign_in(browser, email="nobody")
    assert answer.status == 400
    assert 'role="alert"' in html


async def test_cookies_are_http_only_and_lax_and_pages_allow_nothing_from_outside(browser):
    answer, _ = await _sign_in(browser)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page, _ = await browser.get("/login")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_another_account_can_be_chosen(browser, api):
    session_id = await _session(api)
    page = f"/auth/cli-login?session={session_id}"
    await _sign_in(browser)
    _, html = await browser.get(page)
    out, _ = await browser.post("/logout", _fields(html, "/logout"))
    assert (out.status, out.headers["Location"]) == (303, page)
    assert (await browser.get(page))[0].status == 302


async def test_complete_takes_the_browsers_session_and_c_alone_shows_the_key(api, browser):
    session_id = await _session(api)
    stranger, _ = await browser.post(f"{PATH}/{session_id}/complete", {})
    assert stranger.status == 401
    await _sign_in(browser)
    foreign, _ = await browser.post(f"{PATH}/{session_id}/complete", {}, Origin="https://evil.example")
    assert foreign.status == 403
    done, text = await browser.post(f"{PATH}/{session_id}/complete", {})
    assert done.status == 200
    assert '"success":true' in text
    assert ('"apiKey"' in text) is (api.generation != "next")
    again, text = await browser.post(f"{PATH}/{session_id}/complete", {})
    assert again.status == 400
    assert "already authenticated" in text


async def test_values_in_pages_are_escaped(api, browser):
    await _sign_in(browser, email='"><script>@example.org')
    _, html = await browser.get("/")
    assert "<script>" not in html
