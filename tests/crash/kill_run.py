"""One machine through many kills: what it held, what it was told, and what must hold after each of them."""

import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.sqlite.database import AgentRecord
from tests.crash.machine import SETTINGS, Machine
from tests.crash.processes import KEY, Child, ForkedService
from tests.harness.waiting import wait_until

LOGIN_COLUMNS = [name for name in AgentRecord.__struct_fields__ if name.startswith("login_")]
MINE = {"logging": {"level": "error"}, "serviceRouting": {"llmText": {"backend": "ö"}}, "big": 2**64}


@dataclass
class Attempt:
    """What the service said before it was killed."""

    prefix: str | None = None  # of the key that this sign-in brings
    authenticated: bool = False
    asked_for: str | None = None  # an agent to be linked to
    linked: bool = False
    leaving: bool = False
    signed_out: bool = False


@dataclass
class KillRun:
    """`key` and `desired_agent_id` are what the machine held when it was last at rest."""

    machine: Machine
    rng: random.Random
    key: str | None = None
    desired_agent_id: str | None = None
    agents: list[str] = field(default_factory=list)
    writer: Child | None = None
    counted: int = 0  # how far the other program was when it began
    outcomes: Counter[str] = field(default_factory=Counter)

    def begin(self) -> ForkedService:
        """Write the first eliza.json, sign in, and make two agents."""
        self.rewrite(f"// mine\n{json.dumps({**MINE, 'cloud': SETTINGS}, ensure_ascii=False)}")
        service = self.start()
        self.sign_in(service)
        for name in ("a", "b"):
            answer = service.post("/api/cloud/agents", {"agentName": name, "forceCreate": True})
            self.agents.append(answer["agent"]["id"])
        return service

    def rewrite(self, text: str) -> None:
        """Edit eliza.json by hand, while nothing runs."""
        self.machine.config.write_text(text)

    def serve(self) -> ForkedService:
        return self.machine.serve(kill_points=str(self.machine.notes / "plan"))

    def start(self) -> ForkedService:
        return self.serve().started()

    def sign_in(self, service: ForkedService) -> None:
        if self.key is None:
            service.login(self.machine.cloud)
            service.until_linked(None)
            self.key = self.machine.document()["cloud"]["apiKey"]

    def sign_out(self, service: ForkedService) -> None:
        if self.key is not None:
            service.post("/api/cloud/disconnect")
            self.key = self.desired_agent_id = None

    def link(self, service: ForkedService) -> None:
        self.sign_in(service)
        if self.desired_agent_id is None:
            self.desired_agent_id = self.agents[0]
            service.post(f"/api/cloud/agents/{self.desired_agent_id}/connect")
        service.until_linked(self.desired_agent_id)

    # The other program

    def write_beside(self) -> None:
        """Let another program write its own key from now on."""
        if self.writer is None or self.writer.ended:
            self.counted = self.count_in(self.on_disk())
            self.writer = self.machine.writer(self.counted)

    def acknowledged(self) -> int:
        """Return the last number the other program began with or was told to be written."""
        with suppress(FileNotFoundError, IndexError):
            whole = (self.machine.notes / "acknowledged").read_text().rpartition("\n")[0]
            return max(self.counted, int(whole.splitlines()[-1]))
        return self.counted

    @staticmethod
    def count_in(document: dict[str, Any]) -> int:
        return int(document.get("other", {}).get("count", 0))

    # Looking

    def on_disk(self) -> dict[str, Any]:
        """Return eliza.json as it is, comments and all."""
        return ConfigFile(self.machine.config).read()

    # What must hold

    def killed(self, attempt: Attempt) -> bool:
        """Check what the kill left on the disk; return whether a disconnect was begun."""
        if self.writer is not None and self.writer.killed:
            self.writer.wait()
        acknowledged = self.acknowledged()
        document = self.on_disk()
        cloud = document.pop("cloud")
        key = cloud.pop("apiKey", None)
        other = document.pop("other", {})
        assert {**cloud, "enabled": None} == {**SETTINGS, "enabled": None}
        assert document == MINE
        assert other in ({}, {"count": self.count_in({"other": other}), "mine": ["ö", 2**60]})
        if self.writer is not None and self.writer.killed:
            assert self.count_in({"other": other}) in (acknowledged, acknowledged + 1)
        else:
            assert self.count_in({"other": other}) >= acknowledged
        assert key in (None, self.key) or self._is_new(key, attempt)
        record = self.machine.record()
        held = record.key.reveal() if record.key else None
        assert held in (None, self.key) or self._is_new(held, attempt)
        if attempt.leaving and not record.signing_out:
            assert (key, held, record.desired_agent_id) in (
                (self.key, self.key, self.desired_agent_id),
                (None, None, None),
            )
        return record.signing_out or attempt.signed_out

    def at_rest(self, service: ForkedService, attempt: Attempt, *, begun: bool) -> None:
        """Check what a started service makes of it, and take over what it holds now."""
        if attempt.prefix is not None:  # somebody has signed in: the service learns of it without help
            wait_until(self.has_no_sign_in_under_way)
        key = self.on_disk()["cloud"].get("apiKey")
        desired_agent_id = self.machine.record_in_use().desired_agent_id
        if begun:
            assert key is None
        elif attempt.authenticated:
            assert self._is_new(key, attempt)
        else:
            assert key == self.key or self._is_new(key, attempt) or (key is None and attempt.leaving)
        if key is None:
            self.assert_signed_out(service, login_may_wait=not attempt.leaving)
        else:
            assert desired_agent_id in (
                [attempt.asked_for]
                if attempt.linked
                else [self.desired_agent_id, attempt.asked_for or self.desired_agent_id]
            )
            service.until_linked(desired_agent_id)
        if self.key not in (None, key):
            assert self.machine.files_with(self.key) == []
        self.outcomes[
            "as before" if (key, desired_agent_id) == (self.key, self.desired_agent_id) else "done"
        ] += 1
        self.key, self.desired_agent_id = key, desired_agent_id

    def has_no_sign_in_under_way(self) -> bool:
        record = self.machine.record_in_use()
        return record.login_session is None and not record.signing_in

    def assert_signed_out(self, service: ForkedService, *, login_may_wait: bool = False) -> None:
        status = service.status()
        assert (status["hasApiKey"], status["enabled"], status["connected"]) == (False, False, False)
        assert (status["connection"]["state"], status["connection"]["agentId"]) == ("disconnected", None)
        record = self.machine.record_in_use()
        waiting = {name: getattr(record, name) for name in LOGIN_COLUMNS} if login_may_wait else {}
        assert record == AgentRecord(**waiting)
        assert self.machine.files_with("eliza_") == []

    @staticmethod
    def _is_new(key: str | None, attempt: Attempt) -> bool:
        return bool(key and attempt.prefix and KEY.fullmatch(key) and key.startswith(attempt.prefix))
