"""A program signs in through the browser."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from eliza_cloud import BaseUrlRefused, CloudConfig, ElizaCloudClient, LinkError, login


def _session(url: str) -> str:
    return parse_qs(urlsplit(url).query)["session"][0]


async def test_the_key_comes_when_somebody_has_signed_in(cloud):
    pages: asyncio.Queue[str] = asyncio.Queue()
    signing_in = asyncio.ensure_future(
        login(base_url=cloud.url, allow_loopback=True, poll_interval=0.02, on_browser_url=pages.put_nowait)
    )
    page = await pages.get()
    assert page.startswith(f"{cloud.url}/auth/cli-login?session=")
    await cloud.control("approve", sessionId=_session(page))
    result = await signing_in
    assert result.api_key.startswith(str(result.key_prefix))
    async with ElizaCloudClient(CloudConfig(result.api_key, cloud.url, allow_loopback=True)) as client:
        assert (await client.get_user()).id


async def test_without_a_callback_the_page_is_named_on_stderr(cloud, capsys):
    with pytest.raises(LinkError):
        await login(base_url=cloud.url, allow_loopback=True, timeout=0.05, poll_interval=0.02)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"Open this page to sign in to Eliza Cloud: {cloud.url}/auth/cli-login?session=")


async def test_nobody_signs_in_in_time(cloud):
    with pytest.raises(LinkError, match="Nobody signed in in time") as caught:
        await login(
            base_url=cloud.url,
            allow_loopback=True,
            timeout=0.05,
            poll_interval=0.02,
            on_browser_url=lambda url: None,
        )
    assert caught.value.problem.code == "key_unavailable"


async def test_a_cancelled_sign_in_ends_and_leaves_nothing(cloud):
    pages: asyncio.Queue[str] = asyncio.Queue()
    signing_in = asyncio.ensure_future(
        login(base_url=cloud.url, allow_loopback=True, poll_interval=0.02, on_browser_url=pages.put_nowait)
    )
    await pages.get()
    before = asyncio.all_tasks()
    signing_in.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signing_in
    assert asyncio.all_tasks() < before


async def test_a_cloud_that_cannot_be_reached_is_an_error():
    with pytest.raises(LinkError) as caught:
        await login(base_url="http://127.0.0.1:1", allow_loopback=True, on_browser_url=lambda url: None)
    assert caught.value.problem.code == "cloud_unreachable"


async def test_a_base_url_that_is_not_https_is_refused():
    with pytest.raises(BaseUrlRefused, match="it does not start with https://"):
        await login(base_url="http://www.elizacloud.ai")
