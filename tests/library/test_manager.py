"""A link in a program: of a configuration alone."""

import logging

import pytest
import structlog

from eliza_cloud import AgentRecord, CloudConfig, CloudManager, ElizaCloudClient, LinkError


@pytest.fixture
async def config(make_config):
    return await make_config()


@pytest.fixture
async def agent_id(config):
    async with ElizaCloudClient(config) as client:
        return (await client.create_agent("ada")).agent.id


class Kept:
    """A store of the program's own."""

    def __init__(self) -> None:
        self.record = AgentRecord()

    async def load(self) -> AgentRecord:
        return self.record

    async def save(self, record: AgentRecord) -> None:
        self.record = record

    async def close(self) -> None:
        raise AssertionError("it is the program's to close")


async def test_a_manager_connects_and_talks(config, agent_id):
    async with CloudManager(config) as manager:
        assert (await manager.connect(agent_id)).agent_name == "ada"
        assert manager.status().connection.state == "connected"
        assert await manager.proxy().send("Hello")
        assert "".join([piece async for piece in manager.proxy().stream("Hello")])


async def test_leaving_the_block_takes_a_backup_and_keeps_the_key_valid(config, agent_id):
    async with CloudManager(config) as manager:
        await manager.connect(agent_id)
    async with ElizaCloudClient(config) as client:
        assert len(await client.list_backups(agent_id)) == 1
        assert (await client.get_agent(agent_id)).status == "running"


async def test_a_disconnect_takes_a_backup_and_signs_the_manager_out(config, agent_id):
    async with CloudManager(config) as manager:
        await manager.connect(agent_id)
        await manager.disconnect()
        assert manager.status().connection.state == "disconnected"
        with pytest.raises(LinkError) as caught:
            await manager.connect(agent_id)
        assert caught.value.problem.code == "not_authenticated"
    async with ElizaCloudClient(config) as client:
        assert len(await client.list_backups(agent_id)) == 1
    async with CloudManager(config) as another:
        await another.connect(agent_id)


async def test_a_store_keeps_the_desired_agent_for_the_next_manager(config, agent_id):
    store, moves = Kept(), []
    async with CloudManager(config, store=store) as manager:
        await manager.connect(agent_id)
    assert store.record.desired_agent_id == agent_id
    async with CloudManager(config, store=store) as manager:
        manager.subscribe(lambda move: moves.append(move.event))
        assert (await manager.connect(agent_id)).agent_id == agent_id
    assert moves[0] == "Reattach", "it begins to connect before it is asked"


async def test_a_manager_that_was_not_entered_says_so(config, agent_id):
    with pytest.raises(LinkError, match="async with"):
        await CloudManager(config).connect(agent_id)


async def test_a_subscriber_hears_every_transition_until_it_ends_that(config, agent_id):
    heard, also = [], []
    async with CloudManager(config) as manager:
        unsubscribe = manager.subscribe(heard.append)
        manager.subscribe(also.append)
        await manager.connect(agent_id)
        unsubscribe()
        unsubscribe()
        await manager.disconnect()
    states = [(move.source.value, move.target.value) for move in also]
    assert states == [
        ("disconnected", "connecting"),
        ("connecting", "connected"),
        ("connected", "closing"),
        ("closing", "disconnected"),
    ]
    assert heard == also[:2]
    assert [move.event for move in also] == ["Connect", "Connected", "Disconnect", "Drained"]
    assert also[0].agent_id == agent_id


async def test_what_a_subscriber_raises_is_logged_and_disturbs_nothing(config, agent_id):
    def broken(move: object) -> None:
        raise ValueError("a mistake of the program")

    heard = []
    async with CloudManager(config) as manager:
        with structlog.testing.capture_logs() as lines:
            manager.subscribe(broken)
            manager.subscribe(heard.append)
            await manager.connect(agent_id)
            assert await manager.proxy().send("Hello")
    assert len(heard) == 4
    failed = [line for line in lines if line["event"] == "callback.failed"]
    assert [line["log_level"] for line in failed] == ["error", "error"]
    assert str(failed[0]["exc_info"]) == "a mistake of the program"


async def test_a_coroutine_function_cannot_subscribe(config):
    async def later(move: object) -> None: ...

    async with CloudManager(config) as manager:
        with pytest.raises(TypeError, match="plain function"):
            manager.subscribe(later)


async def test_managers_of_one_process_do_not_disturb_each_other(make_config):
    configs = [await make_config() for _ in range(2)]
    for config in configs:
        async with ElizaCloudClient(config) as client:
            await client.create_agent("ada", force=True)
    async with CloudManager(configs[0]) as one, CloudManager(configs[1]) as other:
        ids = [agent.id for agent in await one.ask_cloud(lambda client: client.list_agents())]
        await one.connect(ids[0])
        assert (one.facts.state.value, other.facts.state.value) == ("connected", "disconnected")
        await other.connect(ids[1])
        await one.disconnect()
        assert (one.facts.state.value, other.facts.state.value) == ("disconnected", "connected")


async def test_a_key_that_the_cloud_does_not_know_is_an_error(cloud, agent_id):
    config = CloudConfig("eliza_" + "0" * 40, cloud.url, allow_loopback=True)
    async with CloudManager(config) as manager:
        with pytest.raises(LinkError) as caught:
            await manager.connect(agent_id)
    assert caught.value.problem.code == "key_rejected"


async def test_nothing_is_printed_and_logging_has_the_lines(config, agent_id, capsys, caplog):
    with caplog.at_level(logging.INFO, logger="eliza_cloud"):
        async with CloudManager(config) as manager:
            await manager.connect(agent_id)
    assert capsys.readouterr() == ("", "")
    moves = [line.name for line in caplog.records if "link.transition" in line.getMessage()]
    assert set(moves) == {"eliza_cloud.runtime.observers"}


async def test_a_program_that_has_set_up_structlog_keeps_its_configuration(config):
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    before = structlog.get_config()
    async with CloudManager(config):
        pass
    assert structlog.get_config() == before
