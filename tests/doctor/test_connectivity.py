"""The way to the cloud: base URL, name, certificate, clock, and who answers."""

import json
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

import pytest
import trustme
from aiohttp import web

from tests.doctor.conftest import kept_environment
from tests.harness.ports import free_port
from tests.harness.processes import CLI, started

DAY = 86400.0


def refusal(**headers):
    return web.json_response({"error": "Unauthorized"}, status=401, headers=headers)


async def eliza(request):
    return refusal()


def telling(at):
    """A cloud whose clock shows this time."""

    async def handler(request):
        return refusal(Date=formatdate(at, usegmt=True))

    return handler


def certificate(tmp_path, *, valid_from, until):
    """A server's TLS, and the file of the authority that vouches for it."""
    authority = trustme.CA()
    issued = authority.issue_cert(
        "127.0.0.1",
        not_before=datetime.now(UTC) + timedelta(days=valid_from),
        not_after=datetime.now(UTC) + timedelta(days=until),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return context, tmp_path / "authority.pem"


async def report(machine, **variables):
    """The report of a process of its own: which certificates count is settled when it starts."""
    async with started(*CLI, "doctor", "--json", env={**kept_environment(machine), **variables}) as process:
        out, _ = await process.communicate()
    checks = json.loads(out)["checks"]
    failures = {check["check"]: check["code"] for check in checks if check["result"] == "FAIL"}
    assert process.returncode == bool(failures)
    return {check["check"]: check for check in checks}, failures


async def test_a_certificate_that_is_trusted_passes_and_the_way_is_free(machine, serve, tmp_path):
    context, authority = certificate(tmp_path, valid_from=-1, until=30)
    await serve(eliza, tls=context)
    found, failures = await report(machine, SSL_CERT_FILE=str(authority))
    assert failures == {}
    assert {found[name]["result"] for name in ("tls", "baseUrl", "clock")} == {"PASS"}


async def test_a_certificate_of_nobody_known_is_a_failure_of_tls(machine, serve, tmp_path):
    context, _ = certificate(tmp_path, valid_from=-1, until=30)
    await serve(eliza, tls=context)
    found, failures = await report(machine)
    assert failures == {"tls": "cloud_tls_failed"}
    assert found["baseUrl"]["found"] == "Skipped: depends on TLS."


@pytest.mark.parametrize(("valid_from", "until", "theirs"), [(5, 30, 10), (-30, -5, -10)])
async def test_a_certificate_that_only_a_wrong_clock_finds_invalid_is_the_clocks_fault(  # noqa: PLR0917 - fixtures
    machine, serve, tmp_path, valid_from, until, theirs
):
    context, authority = certificate(tmp_path, valid_from=valid_from, until=until)
    await serve(telling(time.time() + theirs * DAY), tls=context)
    found, failures = await report(machine, SSL_CERT_FILE=str(authority))
    assert failures == {"clock": "clock_wrong"}
    assert f"10 days {'behind' if theirs > 0 else 'ahead of'} the cloud's" in found["clock"]["found"]
    assert found["tls"]["found"] == found["baseUrl"]["found"] == "Skipped: depends on clock."


@pytest.mark.parametrize(("valid_from", "until"), [(5, 30), (-30, -5)])
async def test_a_certificate_that_is_invalid_by_the_right_time_is_not_the_clocks_fault(
    machine, serve, tmp_path, valid_from, until
):
    context, authority = certificate(tmp_path, valid_from=valid_from, until=until)
    await serve(telling(time.time()), tls=context)
    found, failures = await report(machine, SSL_CERT_FILE=str(authority))
    assert failures == {"tls": "cloud_tls_failed"}
    assert found["clock"]["result"] == "PASS"


async def test_no_key_is_sent_to_a_server_that_is_not_proven(machine, serve, tmp_path):
    seen = []

    async def listening(request):
        seen.append((request.method, dict(request.headers)))
        return refusal()

    machine.settings(apiKey="eliza_" + "5" * 64)
    context, authority = certificate(tmp_path, valid_from=-30, until=-5)
    await serve(listening, tls=context)
    await report(machine, SSL_CERT_FILE=str(authority))
    assert [method for method, _ in seen] == ["HEAD"]
    assert "5" * 16 not in str(seen)


@pytest.mark.parametrize(("hours", "words"), [(3, "3 hours behind"), (-50, "2 days ahead of")])
async def test_a_clock_that_is_off_is_told_with_how_far(machine, serve, hours, words):
    await serve(telling(time.time() + hours * 3600))
    assert await machine.failures() == {"clock": "clock_wrong"}
    clock = (await machine.examined())["clock"]
    assert words in clock.found
    assert "timedatectl set-ntp true" in clock.remedy


async def test_a_clock_that_is_off_by_less_than_five_minutes_passes(machine, serve):
    await serve(telling(time.time() - 290))
    assert await machine.failures() == {}


async def test_a_name_that_does_not_exist_fails_and_the_rest_of_the_way_waits(machine):
    machine.environ["ELIZAOS_CLOUD_BASE_URL"] = "https://cloud.eliza.invalid"
    machine.settings(apiKey="eliza_" + "5" * 64)
    found = await machine.examined()
    assert await machine.failures() == {"dns": "cloud_name_not_found"}
    assert "cloud.eliza.invalid" in found["dns"].found
    waiting = {name for name, finding in found.items() if finding.found == "Skipped: depends on DNS."}
    assert waiting == {"clock", "tls", "baseUrl", "key", "credits", "agent"}


@pytest.mark.parametrize(
    "url", ["http://www.elizacloud.ai", "https://10.0.0.1", "https://user:pass@example.com", "nonsense"]
)
async def test_an_address_that_the_guard_refuses_fails_before_anything_is_asked(machine, url):
    machine.environ["ELIZAOS_CLOUD_BASE_URL"] = url
    assert await machine.failures() == {"baseUrl": "base_url_refused"}
    found = await machine.examined()
    assert "pass@" not in found["baseUrl"].found
    assert found["dns"].found == "Skipped: depends on base URL."


async def test_loopback_is_refused_unless_it_is_allowed(machine, serve):
    await serve(eliza)
    assert await machine.failures() == {}
    del machine.environ["ELIZA_CLOUD_ALLOW_LOOPBACK"]
    assert await machine.failures() == {"baseUrl": "base_url_refused"}


async def test_a_cloud_that_is_down_cannot_be_reached(machine):
    machine.environ["ELIZAOS_CLOUD_BASE_URL"] = f"http://127.0.0.1:{free_port()}"
    machine.settings(apiKey="eliza_" + "5" * 64)
    assert await machine.failures() == {"baseUrl": "cloud_unreachable"}
    found = await machine.examined()
    assert "refused the connection" in found["baseUrl"].found
    assert found["key"].found == found["clock"].found == "Skipped: depends on base URL."


async def html(request):
    return web.Response(text="<html>Welcome to our hotel</html>", content_type="text/html")


async def broken(request):
    return web.json_response({"error": "out of order"}, status=503)


async def elsewhere(request):
    raise web.HTTPFound("https://login.hotel.example/")


@pytest.mark.parametrize(
    ("handler", "words"),
    [(html, "not an Eliza Cloud"), (broken, "out of order"), (elsewhere, "login.hotel.example")],
)
async def test_what_answers_but_not_as_eliza_cloud_does_is_a_fault(machine, serve, handler, words):
    await serve(handler)
    assert await machine.failures() == {"baseUrl": "cloud_server_error"}
    assert words in (await machine.examined())["baseUrl"].found


async def test_this_machine_by_its_name_is_not_looked_up(machine, serve):
    machine.environ["ELIZAOS_CLOUD_BASE_URL"] = (await serve(eliza)).replace("127.0.0.1", "localhost")
    found = await machine.examined()
    assert machine.report.ok
    assert found["dns"].found == "localhost is this machine; no name is looked up."


async def test_a_name_that_leads_into_the_own_network_is_refused(machine, monkeypatch):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    machine.environ["ELIZAOS_CLOUD_BASE_URL"] = "https://cloud.example.com"
    found = await machine.examined()
    assert await machine.failures() == {"baseUrl": "base_url_refused"}
    assert "cloud.example.com leads to 10.0.0.7, which is a private address." in found["baseUrl"].found
    assert found["tls"].found == "Skipped: depends on base URL."


async def test_a_clock_that_is_off_is_not_what_the_key_waits_for(machine, serve):
    async def late_and_broken(request):
        there = formatdate(time.time() + DAY, usegmt=True)
        return web.json_response({"error": "out of order"}, status=503, headers={"Date": there})

    machine.settings(apiKey="eliza_" + "5" * 64)
    await serve(late_and_broken)
    assert await machine.failures() == {"clock": "clock_wrong", "baseUrl": "cloud_server_error"}
    assert (await machine.examined())["key"].found == "Skipped: depends on base URL."
