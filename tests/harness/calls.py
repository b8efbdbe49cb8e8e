"""Calls of a service and of an emulator in processes of their own, for tests without an event loop."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tests.harness.waiting import HANG, wait_until

TOKEN = "canary-token-of-at-least-32-characters"
#: What a caller meets when the process is killed meanwhile.
GONE = (OSError, http.client.HTTPException, ValueError)


def ask(
    url: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Make one call; raises one of `GONE` when nobody answers to the end."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=HANG)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        connection.close()


class ServiceCalls:
    """Calls of a service with its token; `url` is where it answers."""

    url: str
    token: str = TOKEN

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = "", **headers: str
    ) -> tuple[int, Any]:
        """Make one call; with `token` None it comes without one."""
        given = {} if token is None else {"Authorization": f"Bearer {token or self.token}"}
        return ask(self.url, method, path, body, {**given, **headers})

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        status, answer = self.ask("POST", path, body, **headers)
        assert status < 300, answer
        return answer

    def status(self) -> Any:
        return self.ask("GET", "/api/cloud/status")[1]

    def login(self, cloud: "EmulatorCalls") -> str:
        """Sign in and return the new key's prefix."""
        session = self.post("/api/cloud/login")["sessionId"]
        prefix = cloud.approve(session)
        wait_until(lambda: self.login_status(session)["status"] == "authenticated")
        return prefix

    def login_status(self, session: str) -> Any:
        return self.ask("GET", f"/api/cloud/login/status?sessionId={session}")[1]

    def create_agent(self) -> str:
        return str(self.post("/api/cloud/agents", {"agentName": "a", "forceCreate": True})["agent"]["id"])


class EmulatorCalls:
    """The control endpoints of an emulator at this address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, where: str, method: str = "POST", /, **body: Any) -> dict[str, Any]:
        """Change something that no client of the cloud could."""
        status, answer = ask(self.url, method, f"/emulator/{where}", body)
        assert status < 300, answer
        return dict(answer)

    def mint(self) -> str:
        """Return a new key."""
        return str(self.control("keys")["apiKey"])

    def approve(self, session: str) -> str:
        """Sign a session in and return the prefix of the key it will get."""
        return str(self.control("approve", sessionId=session)["keyPrefix"])

    def fault(self, path: str, fault: str, **more: Any) -> str:
        """Let calls meet a fault, and return its id."""
        return str(self.control("faults", path=path, fault=fault, **more)["id"])

    def met(self, fault: str) -> int:
        """How many calls met this fault."""
        faults = self.control("faults", "GET")["data"]
        return sum(one["used"] for one in faults if one["id"] == fault)

    def heal(self, fault: str | None = None) -> None:
        """End this fault, or every one."""
        self.control("faults" if fault is None else f"faults/{fault}", "DELETE")

    def state(self) -> dict[str, Any]:
        return self.control("state", "GET")

    def backups(self, agent: str) -> int:
        return next(int(one["backups"]) for one in self.state()["agents"] if one["id"] == agent)
