"""The frame of the emulator's HTML pages: one column, no external assets, a strict content policy."""

from html import escape
from typing import Final

from aiohttp import web

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #17181c; --dim: #5b6069; --paper: #f4f4f1; --card: #fff;
  --line: #d9dbd5; --deed: #b4440b; --deed-ink: #fff; --bad: #a3142a; --good: #14663a; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececea; --dim: #a2a7b0; --paper: #131417;
  --card: #1c1e22; --line: #33363d; --deed: #ff8a4c; --deed-ink: #1b0f07; --bad: #ff8d9b; --good: #79d8a2; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.55 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .9rem; padding: 2rem; }
.brand { margin: 0 0 1.25rem; color: var(--dim); font-size: .9rem; letter-spacing: .02em; }
h1 { margin: 0 0 .75rem; font-size: 1.45rem; line-height: 1.25; }
p { margin: 0 0 1rem; } p.dim { color: var(--dim); }
p.bad { color: var(--bad); } p.good { color: var(--good); }
code { font-size: .95em; overflow-wrap: anywhere; }
form { margin: 1.25rem 0 0; display: grid; gap: .75rem; } form + form { margin-top: .5rem; }
label { display: grid; gap: .35rem; font-weight: 600; }
input { font: inherit; color: inherit; background: transparent; border: 1px solid var(--dim);
  border-radius: .5rem; padding: .6rem .75rem; }
button { font: inherit; font-weight: 600; border: 0; border-radius: .5rem; padding: .7rem 1rem;
  cursor: pointer; background: var(--deed); color: var(--deed-ink); }
button.quiet { background: none; color: var(--dim); font-weight: 400; text-decoration: underline;
  padding: .25rem; }
:focus-visible { outline: 3px solid var(--deed); outline-offset: 2px; }
"""

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def page(title: str, body: str, status: int = 200) -> web.Response:
    """A page with this title as its heading; `body` is HTML whose values are already escaped."""
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Eliza Cloud</title><style>{_STYLE}</style></head>"
        f'<body><main><p class="brand">Eliza Cloud · emulator on this machine</p><h1>{escape(title)}</h1>\n'
        f"{body}\n</main></body></html>\n"
    )
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=_HEADERS)


def not_found_page() -> web.Response:
    """What a path that does not exist answers (cloud-api §5): HTML, unlike a missing agent's JSON 404."""
    return page(
        "404: This page could not be found", '<p class="dim">There is nothing at this address.</p>', 404
    )
