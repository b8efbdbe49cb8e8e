"""Chat with the agent the link is about (local-api §10)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, NotFound
from eliza_cloud.runtime.errors import LinkError

#: The agent's room for people (local-api §10).
WEB_CHAT = "web-chat"


class CloudRuntimeProxy:
    """Routes messages to one agent; carries its id and its name. Every failure is a `LinkError`."""

    def __init__(self, client: ElizaCloudClient, agent_id: str, agent_name: str | None) -> None:
        self.agent_id = agent_id
        self.agent_name = agent_name
        self._client = client

    async def send(self, text: str, *, mode: str = "power", room: str = WEB_CHAT) -> str:
        """Send a message and return the whole reply."""
        try:
            return await self._client.send_message(self.agent_id, text, mode=mode, room=room)
        except CloudError as error:
            raise LinkError(error.problem) from error

    async def stream(
        self, text: str, *, mode: str = "power", room: str = WEB_CHAT
    ) -> AsyncGenerator[str, None]:
        """Send a message and yield the reply in pieces; returns normally only when it is complete.

        Closing the generator cancels the call. A cloud that has no stream for an agent that runs is asked for
        the reply as a whole (cloud-api §21 row 9).
        """
        try:
            try:
                async with aclosing(
                    self._client.stream_message(self.agent_id, text, mode=mode, room=room)
                ) as pieces:
                    async for piece in pieces:
                        yield piece
            except NotFound:
                agent = await self._client.get_agent(self.agent_id)
                if agent.status != "running":
                    raise
                yield await self._client.send_message(self.agent_id, text, mode=mode, room=room)
        except CloudError as error:
            raise LinkError(error.problem) from error
