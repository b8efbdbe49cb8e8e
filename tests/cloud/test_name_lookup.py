"""Looking names up without being held up by it."""

import asyncio
import socket
import threading

import pytest

from eliza_cloud.cloud.http.ssrf import NameLookup
from tests.harness.waiting import HANG


@pytest.fixture
def answers(monkeypatch):
    """Let the system answer from a table; a name that is not in it waits until the test ends."""
    ended = threading.Event()
    table = {"two.example": ["192.0.2.1", "2001:db8::1"]}

    def getaddrinfo(host, port, family, kind, flags):
        assert (kind, flags) == (socket.SOCK_STREAM, socket.AI_ADDRCONFIG)
        if host == "none.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if host not in table:
            ended.wait()
            raise OSError("too late")
        return [
            (socket.AF_INET6, kind, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, kind, 6, "", (address, port))
            for address in table[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield table
    ended.set()


async def test_every_address_is_returned_with_its_family_and_port(answers):
    found = await NameLookup().resolve("two.example", 443, socket.AF_UNSPEC)
    assert [(one["hostname"], one["host"], one["port"], one["family"]) for one in found] == [
        ("two.example", "192.0.2.1", 443, socket.AF_INET),
        ("two.example", "2001:db8::1", 443, socket.AF_INET6),
    ]


async def test_a_name_that_is_not_known_is_an_error_that_names_it(answers):
    with pytest.raises(OSError, match=r"none\.example cannot be looked up: .*not known"):
        await NameLookup().resolve("none.example")


async def test_many_lookups_that_hang_take_no_thread_from_anyone_else(answers):
    hanging = [asyncio.ensure_future(NameLookup().resolve(f"slow{number}.example")) for number in range(40)]
    while sum(thread.name.startswith("lookup of slow") for thread in threading.enumerate()) < 40:  # noqa: ASYNC110 - threads
        await asyncio.sleep(0)
    async with asyncio.timeout(HANG):
        assert await asyncio.to_thread(lambda: "done") == "done"
    for lookup in hanging:
        lookup.cancel()
    await asyncio.wait(hanging)
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("lookup of"))


async def test_an_answer_that_comes_too_late_harms_nobody(answers):
    lookup = asyncio.ensure_future(NameLookup().resolve("slow.example"))
    await asyncio.sleep(0)
    lookup.cancel()
    await asyncio.wait([lookup])
    answers["slow.example"] = []
