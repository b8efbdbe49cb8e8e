"""The unit that systemd runs the service by: whether there is one, and the environment it has."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from eliza_cloud.store.config.env import STATE_DIR, child_environment, value_of

UNIT = "eliza-cloud.service"
#: systemd's instance of the user, and that of the machine.
USER, SYSTEM = ("--user",), ()
PROC = Path("/proc")


def unit_properties(scope: tuple[str, ...], *names: str) -> dict[str, str] | None:
    """Return properties of the unit; None where systemd knows no such unit, or is not there."""
    program = shutil.which("systemctl")
    if program is None:
        return None
    asked = [program, *scope, "show", UNIT, *(f"--property={name}" for name in ("LoadState", *names))]
    answered = subprocess.run(  # noqa: S603 - arguments of our own, no shell
        asked,
        env=child_environment(os.environ),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    properties = dict(line.split("=", 1) for line in answered.stdout.splitlines() if "=" in line)
    is_there = answered.returncode == 0 and properties.get("LoadState") == "loaded"
    return properties if is_there else None


def unit_environment(environ: Mapping[str, str]) -> dict[str, str] | None:
    """Return this environment with the variables of the unit's service in place of its own.

    None where there is no unit, where its environment may not be read, or where a state directory is named
    here: then that one is meant.
    """
    if value_of(environ, STATE_DIR) is not None:
        return None
    for scope in (USER, SYSTEM):
        unit = unit_properties(scope, "MainPID", "Environment", "EnvironmentFiles")
        theirs = None if unit is None else _of_process(unit.get("MainPID", "0")) or _of_files(unit)
        if theirs and STATE_DIR in theirs:
            others = {name: value for name, value in environ.items() if not name.startswith("ELIZA")}
            return {**others, **theirs}
    return None


def _of_process(pid: str) -> dict[str, str] | None:
    """Return the variables of a running service; None where none runs or may be read."""
    try:
        content = (PROC / pid / "environ").read_bytes() if pid not in {"", "0"} else b""
    except OSError:
        return None
    pairs = (os.fsdecode(pair).partition("=") for pair in content.split(b"\0"))
    return {name: value for name, _, value in pairs if name and name not in {"HOME", "PATH", "LANG", "TERM"}}


def _of_files(unit: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a service would be started with, by the unit and its files."""
    try:
        found = dict(_pair(word) for word in shlex.split(unit.get("Environment", "")))
    except ValueError:
        found = {}
    for path in re.findall(r"(/\S+) \(ignore_errors=", unit.get("EnvironmentFiles", "")):
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        found |= dict(_pair(line.strip()) for line in lines if re.match(r"\s*[A-Za-z_]\w*=", line))
    return found


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
