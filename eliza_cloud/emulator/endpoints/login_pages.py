"""The browser's side of a login (cloud-api §7): sign in at `/login`, authorize at `/auth/cli-login`."""

import re
from contextlib import suppress
from html import escape
from urllib.parse import quote, urlsplit

from aiohttp import web

from eliza_cloud.emulator.access import browser, login_sessions
from eliza_cloud.emulator.access.accounts import DEFAULT_EMAIL, ensure_user
from eliza_cloud.emulator.access.login_sessions import NotCompletableError
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.page import page

routes = web.RouteTableDef()

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def local_path(target: str) -> str:
    """The target if it is a path on this server, else `/`: a sign-in never sends anyone elsewhere."""
    parts = urlsplit(target) if target.isprintable() else None
    if (
        parts is None
        or parts.scheme
        or parts.netloc
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
    ):
        return "/"
    return target


async def _field(request: web.Request, name: str) -> str:
    value = (await request.post()).get(name, "")
    return value if isinstance(value, str) else ""


async def _is_own_form(request: web.Request) -> bool:
    return browser.is_same_origin(request) and browser.is_own_form(request, await _field(request, "form"))


def _stale_form() -> web.Response:
    body = '<p class="bad" role="alert">This form was not made for your browser, or its cookie is gone. '
    return page("Please try again", body + "Go back, reload the page and try again.</p>", 403)


def _sign_in_page(request: web.Request, return_to: str, problem: str = "", status: int = 200) -> web.Response:
    token = browser.form_token(request)
    alert = f'<p class="bad" role="alert" id="problem">{escape(problem)}</p>' if problem else ""
    described = ' aria-describedby="problem" aria-invalid="true"' if problem else ""
    response = page(
        "Sign in",
        f'<p class="dim">Any e-mail address will do: each one has its own account here.</p>{alert}'
        f'<form method="post" action="/login"><input type="hidden" name="form" value="{escape(token)}">'
        f'<input type="hidden" name="returnTo" value="{escape(return_to)}">'
        f'<label>E-mail <input type="email" name="email" value="{escape(DEFAULT_EMAIL)}" '
        f'autocomplete="email" required autofocus{described}></label>'
        '<button type="submit">Sign in</button></form>',
        status,
    )
    browser.remember_form(response, token)
    return response


@routes.get("/login")
async def show_sign_in(request: web.Request) -> web.Response:
    """The sign-in form."""
    return _sign_in_page(request, local_path(request.query.get("returnTo", "/")))


@routes.post("/login")
async def sign_in(request: web.Request) -> web.Response:
    """Sign the browser in as this e-mail address and send it back to where it came from."""
    return_to = local_path(await _field(request, "returnTo"))
    if not await _is_own_form(request):
        return _stale_form()
    email = (await _field(request, "email")).strip()
    if not _EMAIL.fullmatch(email):
        return _sign_in_page(
            request, return_to, "Please give an e-mail address, such as ada@example.org.", 400
        )
    response = web.Response(status=303, headers={"Location": return_to})
    browser.sign_in(request.app[CLOUD], response, ensure_user(request.app[CLOUD], email))
    return response


@routes.post("/logout")
async def sign_out(request: web.Request) -> web.Response:
    """Sign the browser out, to sign in with another address."""
    return_to = local_path(await _field(request, "returnTo"))
    if not await _is_own_form(request):
        return _stale_form()
    response = web.Response(status=303, headers={"Location": return_to})
    browser.sign_out(request, response)
    return response


@routes.get("/")
async def show_home(request: web.Request) -> web.Response:
    """Where the emulator's address leads: who is signed in."""
    user = browser.signed_in(request)
    who = (
        "No one is signed in."
        if user is None
        else f"You are signed in as <strong>{escape(user['email'])}</strong>."
    )
    return page("Eliza Cloud", f'<p>{who}</p><p class="dim">Agents are reached through the API.</p>')


def _problem(text: str, status: int) -> web.Response:
    return page("This login link does not work", f'<p class="bad" role="alert">{escape(text)}</p>', status)


_EXPIRED = "This login session is unknown or has expired. Start the login again on your computer."


def _back(session_id: str) -> str:
    return f"/auth/cli-login?session={quote(session_id, safe='')}"


@routes.get("/auth/cli-login")
async def show_authorization(request: web.Request) -> web.Response:
    """Ask the signed-in user whether the machine that started this login may have a key."""
    session_id = request.query.get("session", "")
    if not session_id:
        return _problem(
            "The session is missing from the address. Start the login again on your computer.", 400
        )
    user = browser.signed_in(request)
    if user is None:
        return web.Response(
            status=302, headers={"Location": f"/login?returnTo={quote(_back(session_id), safe='')}"}
        )
    session = login_sessions.find_active(request.app[CLOUD], session_id)
    if session is None:
        return _problem(_EXPIRED, 404)
    if session["status"] == "authenticated":
        if session["user_id"] != user["id"]:
            return _problem("This login session was authorized from another account.", 409)
        return page(
            "You are signed in",
            '<p class="good" role="status">Authorized. Your computer receives its key within seconds.</p>'
            '<p class="dim">You can close this window and go back to the terminal.</p>',
        )
    token = browser.form_token(request)
    hidden = f'<input type="hidden" name="form" value="{escape(token)}">'
    response = page(
        "Authorize this computer?",
        f"<p>A program asks to use Eliza Cloud as <strong>{escape(user['email'])}</strong>.</p>"
        '<p class="dim">Only go on if you started this login yourself. '
        f"Session <code>{escape(session_id)}</code></p>"
        f'<form method="post" action="/auth/cli-login">{hidden}'
        f'<input type="hidden" name="session" value="{escape(session_id)}">'
        '<button type="submit">Authorize</button></form>'
        f'<form method="post" action="/logout">{hidden}'
        f'<input type="hidden" name="returnTo" value="{escape(_back(session_id))}">'
        '<button class="quiet" type="submit">Use another account</button></form>',
    )
    browser.remember_form(response, token)
    return response


@routes.post("/auth/cli-login")
async def authorize(request: web.Request) -> web.Response:
    """Complete the login as the signed-in user, then show that it worked."""
    if not await _is_own_form(request):
        return _stale_form()
    session_id = await _field(request, "session")
    user = browser.signed_in(request)
    if user is not None:
        # The page shown next says what came of it, also to someone who pressed the button twice.
        with suppress(NotCompletableError):
            login_sessions.complete(request.app[CLOUD], session_id, user)
    return web.Response(status=303, headers={"Location": _back(session_id)})
