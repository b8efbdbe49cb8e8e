"""The same table against the service as a process of its own, with either of aiohttp's two HTTP parsers."""

import asyncio
import re

import pytest

from tests.harness.processes import CLI, started
from tests.harness.waiting import HANG, until
from tests.security.guard_rows import KEY, RIGHT, ROWS, STATUS, TOKEN
from tests.security.guarded_service import watched_cloud
from tests.security.test_guard_table import HIDDEN
from tests.security.wire import converse, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: The parser in Python takes a method in small letters for the one it means; these two paths are open.
SMALL = ("method: get /api/cloud/status", "method: get /api/cloud/login/status?sessionid=x")


@pytest.mark.parametrize("parser", ["compiled", "python"])
async def test_nothing_gets_in_whichever_parser_reads_it(tmp_path, parser, figure):
    log = tmp_path / "log"
    environ = {
        "HOME": str(tmp_path), "ELIZA_STATE_DIR": str(tmp_path / "state"),
        "ELIZA_API_TOKEN": TOKEN, "ELIZAOS_CLOUD_API_KEY": KEY,
        "ELIZA_CLOUD_ALLOW_LOOPBACK": "1", "ELIZA_LOG_LEVEL": "debug",
        **({"AIOHTTP_NO_EXTENSIONS": "1"} if parser == "python" else {}),
    }  # fmt: skip
    async with watched_cloud() as cloud:
        environ["ELIZAOS_CLOUD_BASE_URL"] = cloud.url
        to_log = log.open("wb")
        async with started(*CLI, "serve", "--port", "0", env=environ, stderr=to_log) as process:
            to_log.close()
            port = int((await process.stdout.readline()).decode().rpartition(":")[2])

            async def connected() -> bool:
                return (await converse(port, request(STATUS))).answers[0].json["connected"]

            await until(connected)
            calls = len(cloud.calls)
            turns = asyncio.Semaphore(16)

            async def attack(row):
                async with turns:
                    lasting = b"Connection: close" not in row.sent
                    return row, await converse(port, row.sent, linger=0.3 if lasting else HANG)

            for row, talk in await asyncio.gather(*map(attack, ROWS)):
                shown = talk.received.decode("latin-1").lower()
                for answer in talk.answers:
                    assert answer.status < 500, row.name
                    assert row.through or answer.status >= 400 or row.name.lower() in SMALL, row.name
                assert [text for text in HIDDEN if text.lower() in shown] == [], row.name
            assert len(cloud.calls) == calls, cloud.calls[calls:]
            assert await connected(), "a row signed out"
            assert (await converse(port, request("GET /api/cloud/agents", RIGHT))).answers[0].status == 200
            process.terminate()
            await process.wait()
        written = log.read_text()
        assert TOKEN[:20] not in written
        assert KEY[:20] not in written
        assert re.findall(r'.*(?:"level":"(?:error|critical)"|Traceback).*', written) == []
        figure(f"guard: {len(ROWS)} requests against the service process, {parser} parser, 0 let through")
