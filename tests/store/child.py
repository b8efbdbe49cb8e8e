"""What the tests run in other processes: `python child.py <verb> <arguments>`."""

import asyncio
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import eliza_cloud.store
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.file import ConfigFile, StoreError
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.instance_lock import InstanceLock
from eliza_cloud.store.paths import state_paths
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from eliza_cloud.store.token import api_token

STORE = str(Path(eliza_cloud.store.__file__).parent)


def answer(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def change_login(directory: str, operation: str, key: str) -> None:
    paths = state_paths({"ELIZA_STATE_DIR": directory})
    store = SqliteStore(Database(paths.database))
    credentials = Credentials(ConfigFile(paths.config), store, {}, "https://www.elizacloud.ai")
    try:
        if operation == "save_login":
            await credentials.save_login(Secret(key), "eliza_new", "2027-01-01T00:00:00Z")
        else:
            await credentials.sign_out()
    finally:
        await store.close()


def kill_at(line: int) -> Callable[..., Any]:
    """Return a trace function that kills this process before the store runs its `line`-th line of code."""
    count = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(STORE):
            return None
        if event == "line":
            count += 1
            if count == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def kill(jobs: str) -> None:
    """Run each [directory, operation, key, line] in a fork; print which ones were killed."""
    killed = []
    for directory, operation, key, line in json.loads(jobs):
        pid = os.fork()
        if pid == 0:
            trace = kill_at(line)
            threading.settrace(trace)
            sys.settrace(trace)
            asyncio.run(change_login(directory, operation, key))
            os._exit(0)
        killed.append(os.WIFSIGNALED(os.waitpid(pid, 0)[1]))
    answer(json.dumps(killed))


def write(path: str, name: str, times: str) -> None:
    """Add one key after another to an eliza.json."""
    config = ConfigFile(Path(path))
    for number in range(int(times)):
        config.update(partial(dict.update, **{f"{name}{number}": number}))


def hold(path: str) -> None:
    """Hold the lock of a state directory until a line arrives."""
    with InstanceLock(Path(path)):
        answer(str(os.getpid()))
        sys.stdin.readline()


def token(directory: str) -> None:
    """Print the token this process gets."""
    environ = {"ELIZA_STATE_DIR": directory}
    answer(api_token(environ, state_paths(environ))[0].reveal())


def full(directory: str, operation: str, key: str, size: str) -> None:
    """Change the login with files that cannot grow beyond `size` bytes; print the sentence."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    try:
        asyncio.run(change_login(directory, operation, key))
    except StoreError as error:
        answer(str(error))


if __name__ == "__main__":
    {"kill": kill, "write": write, "hold": hold, "token": token, "full": full}[sys.argv[1]](*sys.argv[2:])
