"""Standard input, output and error of a process that may have been started without them (`2>&-`).

A closed descriptor is given away again: the database or a connection would get number 2, and whatever a
library prints would go into it.
"""

import os
import sys
from pathlib import Path
from typing import TextIO

_STREAMS = (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_WRONLY, "w"), ("stderr", os.O_WRONLY, "w"))


def occupy() -> None:
    """Open the null device in the place of each that is closed; call it before anything else is opened."""
    for number, (_, flags, _) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # the lowest number that is free: this one
    for name, _, mode in _STREAMS:
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # what a terminal cannot show must not fail


def divert(number: int) -> None:
    """Let what is still buffered go nowhere, or the last flush would spoil the exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def was_closed(stream: TextIO) -> bool:
    """Tell whether the process was started without this stream."""
    return stream.name == os.devnull
