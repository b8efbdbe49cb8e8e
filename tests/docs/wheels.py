"""The installed packages as wheels again, so that pip installs the project without a network."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from itertools import product
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

from tests.docs.pages import ROOT

LEFT_OUT = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def write_wheels(directory: Path) -> None:
    """Write a wheel of everything that building and running the project needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for one in _closure([*project["build-system"]["requires"], *project["project"]["dependencies"]]):
        _write(one, directory)


def _closure(requirements: list[str]) -> Iterator[Distribution]:
    seen, waiting = set(), [(Requirement(text), "") for text in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        for asked in ("", *wanted.extras):
            if (wanted.name, asked) in seen:
                continue
            found = distribution(wanted.name)
            if not {(wanted.name, other) for other in ("", *wanted.extras)} & seen:
                yield found
            seen.add((wanted.name, asked))
            waiting += [(Requirement(text), asked) for text in found.requires or ()]


def _write(found: Distribution, directory: Path) -> None:
    tags = [
        tag.split("-") for tag in re.findall(r"^Tag: (\S+)", found.read_text("WHEEL") or "", re.MULTILINE)
    ]
    name = re.sub(r"[-_.]+", "_", found.name).lower()
    compressed = "-".join(".".join(dict.fromkeys(part)) for part in zip(*tags, strict=True))
    assert len(tags) == len(list(product(*(set(part) for part in zip(*tags, strict=True)))))
    with ZipFile(directory / f"{name}-{found.version}-{compressed}.whl", "w") as wheel:
        record = []
        for file in found.files or ():
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            if file.parent.name.endswith(".dist-info") and file.name in LEFT_OUT:
                info = str(file.parent)
                continue
            wheel.write(found.locate_file(file), str(file))
            record.append(f"{file},,\n")
        wheel.writestr(f"{info}/RECORD", "".join([*record, f"{info}/RECORD,,\n"]))
