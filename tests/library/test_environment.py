"""A program's link reads no variable and no file of the user's, and changes none."""

import asyncio
import os
import sys
from pathlib import Path

from tests.harness.processes import run

PROGRAM = """
import asyncio, os, sys
before = dict(os.environ)
import eliza_cloud
from eliza_cloud import CloudConfig, CloudManager, ElizaCloudClient

WRITTEN = []

def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)) and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        WRITTEN.append(args[0])
    if event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "sqlite3.connect", "subprocess.Popen"}:
        WRITTEN.append(event)

async def main(key, url):
    config = CloudConfig(api_key=key, base_url=url, allow_loopback=True)
    async with ElizaCloudClient(config) as client:
        created = await client.create_agent("ada")
    async with CloudManager(config) as manager:
        await manager.connect(created.agent.id)
        assert await manager.proxy().send("Hello")
        await manager.disconnect()

sys.addaudithook(hook)
asyncio.run(main(*sys.stdin.read().split()))
print(WRITTEN)
print(dict(os.environ) == before)
"""


async def test_a_link_touches_neither_home_nor_environment(cloud, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    (tmp_path / "eliza.json").write_text("not for the library")
    key = await cloud.mint()
    ran = await asyncio.to_thread(
        run,
        sys.executable,
        "-B",
        "-c",
        PROGRAM,
        cwd=home,
        env={
            "HOME": str(home),
            "ELIZAOS_CLOUD_API_KEY": "eliza_wrong",
            "ELIZAOS_CLOUD_BASE_URL": "https://wrong.example",
            "ELIZA_CONFIG_PATH": str(tmp_path / "eliza.json"),
        },
        input=f"{key} {cloud.url}",
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    written, same = ran.stdout.splitlines()
    assert (written, same) == ("[]", "True")
    assert os.listdir(home) == []  # noqa: PTH208 - no paths are needed
    assert (tmp_path / "eliza.json").read_text() == "not for the library"
