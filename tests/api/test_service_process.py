"""`serve` as a process: what it says, what it listens on, and how it ends."""

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from eliza_cloud.core.problems import PROBLEMS
from tests.harness.ports import free_port
from tests.harness.processes import started
from tests.harness.waiting import HANG, until

SERVE = """
import sys
from eliza_cloud.cli.main import main
sys.exit(main(["serve"]))
"""
TOKEN = "canary-token-of-at-least-32-characters"


class Process:
    """A service in a process of its own."""

    def __init__(self, process):
        self.process = process
        self.urls = []
        self.token_line = ""
        self.output = ""

    async def started(self):
        while not self.token_line:
            line = (await self.process.stdout.readline()).decode()
            assert line, (await self.process.stderr.read()).decode()
            self.output += line
            if line.startswith("Listening on "):
                self.urls.append(line.removeprefix("Listening on ").strip())
            elif line.startswith("API token: "):
                self.token_line = line.removeprefix("API token: ").strip()
        return self

    def signal(self, number):
        self.process.send_signal(number)

    async def ended(self):
        async with asyncio.timeout(HANG):
            out, err = await self.process.communicate()
        self.output += out.decode() + err.decode()
        return self.process.returncode

    def log(self):
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]


@pytest.fixture
async def launch(tmp_path):
    """Give a function that launches a service; what still runs at the end is killed."""

    async def start(stderr=asyncio.subprocess.PIPE, **variables):
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "ELIZA_STATE_DIR": str(tmp_path / "state"),
            "ELIZA_API_PORT": "0",
            "ELIZA_PORT": "0",
            "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
            "ELIZAOS_CLOUD_BASE_URL": "http://127.0.0.1:9",
            **{name: str(value) for name, value in variables.items()},
        }
        return Process(
            await stack.enter_async_context(started(sys.executable, "-c", SERVE, env=environ, stderr=stderr))
        )

    async with AsyncExitStack() as stack:
        yield start


@asynccontextmanager
async def called(url, method, path, token=None, **more):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{url}{path}", **more) as answer,
    ):
        yield answer


async def ask(url, method, path, token=None, **more):
    async with called(url, method, path, token, **more) as answer:
        return answer.status, await answer.json()


async def refusal(launch, **variables):
    process = await launch(**variables)
    code = await process.ended()
    assert "Traceback" not in process.output
    lines = process.output.splitlines(keepends=True)
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    said = "".join(line for line in lines if not line.startswith("{"))
    refused = [entry for entry in logged if entry["event"] == "service.start_failed"]
    assert [f"{entry['detail']}\n" for entry in refused] == [said], "the log and the person are told the same"
    assert refused[0]["remedy"] == PROBLEMS[refused[0]["cause"]].remedy
    return code, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_listens_and_where_the_token_is_and_stops_with_zero(launch, tmp_path, number):
    service = await (await launch(ELIZA_LOG_LEVEL="debug")).started()
    (url,) = service.urls
    token_file = tmp_path / "state" / "api-token"
    assert service.token_line == str(token_file)
    assert token_file.stat().st_mode & 0o777 == 0o600
    token = token_file.read_text().strip()
    assert (await ask(url, "GET", "/api/cloud/status"))[1]["reason"] == "not_authenticated"
    assert (await ask(url, "GET", "/api/cloud/agents"))[0] == 401
    assert (await ask(url, "GET", "/api/cloud/agents", token))[1]["code"] == "not_authenticated"
    service.signal(number)
    assert await service.ended() == 0
    assert token not in service.output
    events = [line["event"] for line in service.log() if line["level"] != "debug"]
    assert events[0] == "service.started"
    assert events[-1] == "service.stopping"
    (request, *_) = (line for line in service.log() if line["event"] == "request.answered")
    assert (request["method"], request["path"], request["status"]) == ("GET", "/api/cloud/status", 200)
    assert len(request["request_id"]) == 32


async def test_it_listens_on_both_ports(launch):
    ports = free_port(), free_port()
    service = await (await launch(ELIZA_API_PORT=ports[0], ELIZA_PORT=ports[1])).started()
    assert service.urls == [f"http://127.0.0.1:{port}" for port in ports]
    for url in service.urls:
        assert (await ask(url, "GET", "/api/cloud/status"))[0] == 200
    service.signal(signal.SIGTERM)
    assert await service.ended() == 0


@pytest.mark.parametrize("variable", ["ELIZA_API_PORT", "ELIZA_PORT"])
async def test_a_port_in_use_is_named_with_its_variable(launch, variable):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, output = await refusal(launch, **{variable: port})
    sentence = f"Cannot bind 127.0.0.1:{port}: it is in use by another program. Stop that program,"
    assert (code, output) == (1, f"{sentence} or set another port with {variable}.\n")


async def test_a_second_service_names_the_first_ones_pid(launch):
    first = await (await launch()).started()
    code, output = await refusal(launch)
    assert code == 3
    assert f"process {first.process.pid}" in output


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ELIZA_API_PORT": "x"}, 'ELIZA_API_PORT: expected a port number from 0 to 65535, found "x".'),
        ({"ELIZA_API_BIND": "0.0.0.0"}, "set ELIZA_API_TOKEN to a secret of at least 32 characters"),
        ({"ELIZA_API_BIND": "::", "ELIZA_API_TOKEN": "x" * 31}, "set ELIZA_API_TOKEN to a secret"),
        ({"ELIZA_ALLOWED_ORIGINS": "https://a.example,null"}, "ELIZA_ALLOWED_ORIGINS: expected origins"),
        ({"ELIZA_LOG_LEVEL": "loud"}, "ELIZA_LOG_LEVEL: expected one of debug, info"),
    ],
)
async def test_a_wrong_variable_is_a_sentence_and_two(launch, variables, words):
    code, output = await refusal(launch, **variables)
    assert code == 2
    assert words in output
    assert len(output.splitlines()) == 1


async def test_a_wrong_setting_is_a_sentence_and_two(launch, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "eliza.json").write_text('{"cloud": {"bridge": {"maxFailures": "three"}}}')
    code, output = await refusal(launch)
    assert code == 2
    assert output == (
        'cloud.bridge.maxFailures: expected a whole number of at least 1, found "three". '
        "`eliza-cloud config check` names everything that is wrong.\n"
    )


async def test_it_may_listen_to_other_machines_with_a_long_token(launch):
    service = await (await launch(ELIZA_API_BIND="0.0.0.0", ELIZA_API_TOKEN=TOKEN)).started()
    url = service.urls[0].replace("0.0.0.0", "127.0.0.1")
    assert service.token_line == "given by ELIZA_API_TOKEN"
    assert (await ask(url, "GET", "/api/cloud/status"))[0] == 401
    assert (await ask(url, "GET", "/api/cloud/status", TOKEN))[0] == 200


async def test_a_refused_base_url_does_not_stop_it(launch):
    service = await (await launch(ELIZAOS_CLOUD_BASE_URL="http://10.0.0.1", ELIZA_API_TOKEN=TOKEN)).started()
    assert (await ask(service.urls[0], "GET", "/api/cloud/status"))[0] == 200
    assert (await ask(service.urls[0], "POST", "/api/cloud/login", TOKEN))[0] == 400


async def until_answer(url, path, holds):
    async def now():
        return holds((await ask(url, "GET", path))[1])

    await until(now)


async def signed_in_and_linked(url, cloud):
    _, login = await ask(url, "POST", "/api/cloud/login", TOKEN)
    session_id = login["sessionId"]
    await cloud.control("approve", sessionId=session_id)
    path = f"/api/cloud/login/status?sessionId={session_id}"
    await until_answer(url, path, lambda body: body["status"] == "authenticated")
    await until_answer(url, "/api/cloud/status", lambda body: body["connected"])
    _, created = await ask(url, "POST", "/api/cloud/agents", TOKEN, json={"agentName": "a"})
    agent_id = created["agent"]["id"]
    assert (await ask(url, "POST", f"/api/cloud/agents/{agent_id}/connect", TOKEN))[0] == 200
    return session_id, agent_id


FAST = '{"cloud": {"login": {"pollIntervalMs": 20}}}'


async def test_a_stop_takes_a_final_snapshot_and_a_start_links_again_and_no_secret_is_shown(
    launch, cloud, tmp_path
):
    (tmp_path / "state").mkdir()
    config = tmp_path / "state" / "eliza.json"
    config.write_text(FAST)
    variables = {
        "ELIZAOS_CLOUD_BASE_URL": cloud.url,
        "ELIZA_API_TOKEN": TOKEN,
        "ELIZA_LOG_LEVEL": "debug",
    }
    service = await (await launch(**variables)).started()
    session_id, agent_id = await signed_in_and_linked(service.urls[0], cloud)
    assert (await ask(service.urls[0], "POST", "/api/chat", TOKEN, json={"text": "hi"}))[0] == 200
    key = json.loads(config.read_text())["cloud"]["apiKey"]
    assert (await ask(service.urls[0], "GET", f"/api/{key}/{TOKEN}?token={TOKEN}", key))[0] == 401
    service.signal(signal.SIGTERM)
    assert await service.ended() == 0
    assert [agent["backups"] for agent in (await cloud.state())["agents"]] == [1]

    again = await (await launch(**variables)).started()
    await until_answer(
        again.urls[0],
        "/api/cloud/status",
        lambda body: (body["connection"]["state"], body["connection"]["agentId"]) == ("connected", agent_id),
    )
    assert (await ask(again.urls[0], "POST", "/api/cloud/disconnect", TOKEN))[0] == 200
    again.signal(signal.SIGTERM)
    assert await again.ended() == 0
    for secret in (key, TOKEN, session_id):
        assert secret not in service.output + again.output
    assert "link.transition" in service.output


async def test_a_key_of_any_shape_from_the_file_stays_out_of_the_log(launch, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "eliza.json").write_text('{"cloud": {"apiKey": "mk_odd-canary"}}')
    service = await (await launch(ELIZA_LOG_LEVEL="debug")).started()
    assert (await ask(service.urls[0], "GET", "/api/mk_odd-canary"))[0] == 401
    service.signal(signal.SIGTERM)
    assert await service.ended() == 0
    assert "/api/[redacted]" in service.output
    assert "odd-canary" not in service.output


async def test_a_second_signal_ends_it_at_once(launch, cloud, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "eliza.json").write_text(FAST)
    service = await (await launch(ELIZAOS_CLOUD_BASE_URL=cloud.url, ELIZA_API_TOKEN=TOKEN)).started()
    await signed_in_and_linked(service.urls[0], cloud)
    await cloud.fault("*/snapshot", "hang")
    service.signal(signal.SIGTERM)
    await until(cloud.faults_met)
    assert service.process.returncode is None
    service.signal(signal.SIGTERM)
    assert await service.ended() == -signal.SIGTERM
    await cloud.heal()


async def test_a_hangup_reads_the_settings_again_and_keeps_the_old_when_they_are_wrong(launch, tmp_path):
    service = await (await launch()).started()
    config = tmp_path / "state" / "eliza.json"

    async def heard(event):
        async with asyncio.timeout(HANG):
            while True:
                line = (await service.process.stderr.readline()).decode()
                if json.loads(line)["event"] == event:
                    return json.loads(line)

    config.write_text('{"cloud": {"bridge": {"maxFailures": 0}}}')
    service.signal(signal.SIGHUP)
    assert "cloud.bridge.maxFailures" in (await heard("settings.refused"))["detail"]
    config.write_text('{"cloud": {"bridge": {"maxFailure": 5}}}')
    service.signal(signal.SIGHUP)
    assert "cloud.bridge.maxFailures" in (await heard("settings.unknown"))["detail"]
    assert await heard("settings.read")
    assert (await ask(service.urls[0], "GET", "/api/cloud/status"))[0] == 200
    service.signal(signal.SIGTERM)
    assert await service.ended() == 0


async def test_a_log_nobody_reads_does_not_stop_it(launch):
    reader, writer = os.pipe()
    service = await (await launch(stderr=writer)).started()
    os.close(writer)
    os.close(reader)
    for _ in range(3):
        assert (await ask(service.urls[0], "GET", "/api/cloud/status"))[0] == 200
    service.signal(signal.SIGTERM)
    async with asyncio.timeout(HANG):
        assert await service.process.wait() == 0
