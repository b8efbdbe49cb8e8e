"""The scenario: from sign-in to sign-out over HTTP, then everything that can happen to a link."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from eliza_cloud.cli.client.http import PATIENT, Body
from eliza_cloud.cli.demo.expectation import StepError, eventually, expect, link_of
from eliza_cloud.cli.demo.harness import Harness
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.paid_start import price_words

Step = tuple[str, Callable[[], str]]

AGENT = "demo-agent"


class Scenario:
    """The steps, and what one leaves for the next. A step returns what it found worth telling."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self._service = harness.service
        self._key = b""
        self._agent = ""
        self._backup = ""

    def steps(self, *, keep: bool) -> Iterator[Step]:
        """Yield the titles and the steps, in order; with `keep` the two processes go on afterwards."""
        yield "Sign in", self.sign_in
        yield "Check the status", self.check_status
        yield "Create an agent", self.create
        yield "Connect to it", self.connect
        yield "Tell it a name", self.tell
        yield "Take a backup", self.back_up
        yield "Tell it another name", self.tell_another
        yield "Restore the backup", self.restore
        yield "Kill the sandbox", self.kill
        yield "See it repaired", self.see_repaired
        yield "Disconnect", self.disconnect
        yield "Look for the key", self.look_for_the_key
        if not keep:
            yield "Stop both", self.stop

    def sign_in(self) -> str:
        """Begin a sign-in, approve it in the emulator, and find the stored key."""
        session = self._service.post("/api/cloud/login")
        identifier = session["sessionId"]
        path = f"/api/cloud/login/status?sessionId={identifier}"
        pending = self._service.get(path)
        expect("a pending login", pending, holds=pending.get("status") == "pending")
        self._harness.cloud.post("/emulator/approve", {"sessionId": identifier})
        result = eventually(
            "status authenticated",
            lambda: self._service.get(path),
            lambda found: found.get("status") != "pending",
        )
        prefix = str(result.get("keyPrefix"))
        self._key = self._stored_key()
        expect("status authenticated", result, holds=result.get("status") == "authenticated")
        expect(
            "a stored key with the prefix that is shown", prefix, holds=self._key.startswith(prefix.encode())
        )
        return f"approved in the emulator; the key {prefix}… is saved"

    def check_status(self) -> str:
        """Find the account connected."""
        status = eventually("connected: true", self._status, lambda found: bool(found.get("connected")))
        expect("a user", status, holds=bool(status.get("userId")))
        return f"connected as user {status['userId']}"

    def create(self) -> str:
        """Create an agent of one's own: a shared one has no backups."""
        request = {"agentName": AGENT, "agentConfig": {}, "environmentVars": {}, "dedicated": True}
        answer, price = self._at_its_price("/api/cloud/agents", request)
        agent = answer["agent"]
        expect(f"an agent called {AGENT}", agent, holds=agent.get("agentName") == AGENT)
        self._agent = f"/api/cloud/agents/{agent['id']}"
        return f"{price}{AGENT} is {agent['id']}"

    def connect(self) -> str:
        """Connect to the agent and find the link connected."""
        answer, price = self._at_its_price(f"{self._agent}/connect", {})
        expect("status connected", answer, holds=answer.get("status") == "connected")
        link = link_of(self._status())
        expect("the link connected", link, holds=link.get("state") == "connected")
        return f"{price}provisioned, and a clean heartbeat came back from {answer['agentName']}"

    def tell(self) -> str:
        """Give the agent something to remember."""
        self._say("My name is Ada.")
        return self._recalls("Ada")

    def back_up(self) -> str:
        """Take a backup by hand."""
        backup = self._service.post(f"{self._agent}/backups", timeout=PATIENT)["backup"]
        listed = self._service.get(f"{self._agent}/backups")["backups"]
        expect("a listed backup", listed, holds=bool(listed))
        self._backup = str(backup.get("backupId") or listed[0]["id"])
        expect("the new backup first", listed, holds=listed[0]["id"] == self._backup)
        return f"backup {self._backup}"

    def tell_another(self) -> str:
        """Change the memory after the backup."""
        self._say("My name is Grace.")
        return self._recalls("Grace")

    def restore(self) -> str:
        """Bring the memory of the backup back."""
        self._service.post(f"{self._agent}/restore", {"backupId": self._backup}, timeout=PATIENT)
        return self._recalls("Ada")

    def kill(self) -> str:
        """Let the sandbox die; the cloud goes on calling the agent running."""
        self._sandbox("dead")
        link = self._wait_for_link("reconnecting")
        return f"state reconnecting, because {link.get('reason')}"

    def see_repaired(self) -> str:
        """Let the service bring it back: nobody helps the sandbox."""
        self._wait_for_link("connected")
        return f"the service restarted it; {self._recalls('Ada')}"

    def disconnect(self) -> str:
        """Close the link and sign out."""
        before = len(self._service.get(f"{self._agent}/backups")["backups"])
        answer = self._service.post("/api/cloud/disconnect")
        expect("status disconnected", answer, holds=answer.get("status") == "disconnected")
        status = self._status()
        signed_out = not status.get("connected") and not status.get("hasApiKey") and not status.get("enabled")
        expect("to be signed out", status, holds=signed_out)
        expect("the link disconnected", status, holds=link_of(status).get("state") == "disconnected")
        eventually(
            f"more than {before} backups, the last one final",
            self._backups_in_the_cloud,
            lambda count: count > before,
        )
        return "final backup taken, link closed, signed out"

    def look_for_the_key(self) -> str:
        """No file of the service may still hold a byte of the key, and no log may ever have held one."""
        files = [path for path in self._harness.state_dir.rglob("*") if path.is_file()]
        logs = [child.log for child in self._harness.children]
        holding = [path.name for path in [*files, *logs] if self._key in path.read_bytes()]
        expect("no file that holds the key", ", ".join(holding), holds=not holding)
        return f"in none of {len(files)} files and {len(logs)} logs"

    def stop(self) -> str:
        """End both processes with SIGTERM."""
        codes = {child.name: child.stop() for child in reversed(self._harness.children)}
        expect("both to exit with 0", codes, holds=set(codes.values()) == {0})
        return "both processes exited with 0"

    def _at_its_price(self, path: str, request: Body) -> tuple[Body, str]:
        """Post what starts an agent, the second time with consent where it costs; also say what it costs."""
        try:
            return self._service.post(path, request, timeout=PATIENT), ""
        except CliError as error:
            price = error.body.get("pricing")
            if not price:
                raise
        consent = {**request, "acceptPrice": price["acceptanceValue"]}
        answer = self._service.post(path, consent, timeout=PATIENT)
        return answer, f"agreed to {price_words(price)}; "

    def _status(self) -> Body:
        return self._service.get("/api/cloud/status")

    def _say(self, text: str) -> str:
        return str(self._service.post("/api/chat", {"text": text})["text"])

    def _recalls(self, name: str) -> str:
        answer = eventually(
            f"it to remember {name}", lambda: self._say("What is my name?"), lambda found: name in found
        )
        return f"it says: {answer}"

    def _sandbox(self, state: str) -> None:
        identifier = self._agent.rsplit("/", 1)[1]
        self._harness.cloud.post(f"/emulator/agents/{identifier}/sandbox", {"state": state})

    def _wait_for_link(self, state: str) -> Body:
        return eventually(
            f"state {state}", lambda: link_of(self._status()), lambda link: link.get("state") == state
        )

    def _backups_in_the_cloud(self) -> int:
        [agent] = [
            agent
            for agent in self._harness.cloud.get("/emulator/state")["agents"]
            if agent["agentName"] == AGENT
        ]
        return int(agent["backups"])

    def _stored_key(self) -> bytes:
        document = json.loads(Path(self._harness.state_dir, "eliza.json").read_text(encoding="utf-8"))
        key = str(document["cloud"].get("apiKey") or "").encode()
        if not key:
            raise StepError("the key in eliza.json", "none")
        return key
