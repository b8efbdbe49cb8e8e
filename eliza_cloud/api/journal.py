"""What happened, what is wrong, and why: the journal, the health items, and the explanation."""

import math
from functools import partial

import msgspec
from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.errors import RequestError, bad_request
from eliza_cloud.api.keys import JOURNAL, MANAGER
from eliza_cloud.api.wire.journal import AFTER_WRONG, LIMIT_WRONG, MOST, SINCE_WRONG, USUAL
from eliza_cloud.core.failure import Failure
from eliza_cloud.core.iso_time import seconds_of
from eliza_cloud.store.errors import StoreError


async def entries(request: web.Request) -> web.Response:
    """GET /api/cloud/journal ?after=&since=&limit=: the newest of them, as they are stored."""
    read = partial(
        request.app[JOURNAL].read,
        after=_whole(request, "after", AFTER_WRONG) or 0,
        since=_since(request),
        newest=_limit(request),
    )
    try:
        lines = await read()
    except StoreError as error:
        raise RequestError(Failure(code=error.code, status=500, message=str(error))) from None
    return answer({"ok": True, "entries": [msgspec.Raw(line.encode()) for line in lines]})


async def health(request: web.Request) -> web.Response:
    """GET /api/cloud/health: what is wrong, the worst first."""
    return answer(request.app[MANAGER].health())


async def explain(request: web.Request) -> web.Response:
    """GET /api/cloud/explain: why the link is in its state, and what comes next."""
    return answer(request.app[MANAGER].explain())


def _limit(request: web.Request) -> int:
    limit = _whole(request, "limit", LIMIT_WRONG)
    if limit is None:
        return USUAL
    if not 1 <= limit <= MOST:
        raise bad_request(LIMIT_WRONG)
    return limit


def _whole(request: web.Request, name: str, wrong: str) -> int | None:
    """Return a number of at most 18 digits, which the database can hold; None where none is given."""
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise bad_request(wrong)
    return int(text)


def _since(request: web.Request) -> float:
    text = request.query.get("since")
    if text is None:
        return 0.0
    try:
        seconds: float | None = float(text)
    except ValueError:
        seconds = seconds_of(text)
    if seconds is None or not math.isfinite(seconds):
        raise bad_request(SINCE_WRONG)
    return seconds
