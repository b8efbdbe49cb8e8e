"""A process that has everything imported and forks real services: a start costs milliseconds.

Each line on stdin is a command as JSON, each line on stdout its answer:
`{"start": {...}}` -> `{"pid": n}`; `{"reap": pid}` -> `{"code": n}` (a negative one is a signal).
"""

import importlib
import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import eliza_cloud.cli.commands.serve
import eliza_cloud.cli.main
import eliza_cloud.daemon.process
import eliza_cloud.emulator
from eliza_cloud.store.config.file import ConfigFile
from tests.crash.kill_points import KillPoints


def serve(job: dict[str, Any]) -> int:
    """Run `eliza-cloud serve` with the constants and kill points of the job."""
    for name, value in job.get("constants", {}).items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    if job.get("slow_names"):
        hang_name_lookups()
    if job.get("hanging_database"):
        hang_database(Path(job["hanging_database"]))
    if job.get("kill_points"):
        KillPoints(Path(job["kill_points"])).install()
    return eliza_cloud.cli.main.main(["serve", "--port", "0"])


def hang_name_lookups() -> None:
    """Let every lookup of a name take a minute, as a resolver does that nobody answers."""
    import socket  # noqa: PLC0415 - patched in the child only

    known = socket.getaddrinfo

    def lookup(host: Any, *more: Any, **options: Any) -> Any:
        if host == "slow.example":
            sys.stderr.write("slow.example is looked up\n")
            sys.stderr.flush()
            time.sleep(60)
        return known(host, *more, **options)

    socket.getaddrinfo = lookup


def hang_database(once_there: Path) -> None:
    """Let a statement for the database hang once a file is there, as at a dead disk."""
    import sqlite3  # noqa: PLC0415 - patched in the child only

    class Connection(sqlite3.Connection):
        def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
            while once_there.exists():
                time.sleep(60)
            return super().execute(statement, *parameters)

    sqlite3.connect = partial(sqlite3.connect, factory=Connection)


def write(job: dict[str, Any]) -> int:
    """Count upwards under a key of our own in an eliza.json; a number is acknowledged once it is written."""
    config = ConfigFile(Path(job["config"]))
    number = job["from"]
    with Path(job["acknowledged"]).open("ab", buffering=0) as acknowledged:
        while True:
            number += 1
            other = {"count": number, "mine": ["ö", 2**60]}
            config.update(partial(dict.update, other=other))
            acknowledged.write(f"{number}\n".encode())
            time.sleep(0.002)


def child(job: dict[str, Any]) -> int:
    os.environ.clear()
    os.environ.update(job["environ"])
    nowhere = os.open(os.devnull, os.O_RDONLY)
    out = os.open(job["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, descriptor in enumerate((nowhere, out, log)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    return {"serve": serve, "write": write}[job["run"]](job)


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        if "start" in command:
            pid = os.fork()
            if pid == 0:
                sys.exit(child(command["start"]))
            answer = {"pid": pid}
        else:
            answer = {"code": os.waitstatus_to_exitcode(os.waitpid(command["reap"], 0)[1])}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
