"""A link as a QR code, for a terminal."""

import io

import segno

QUIET = 2
"""Modules of margin; readers find a code on a terminal with fewer than the four that print needs."""
_WHITE_ON_BLACK = "\x1b[97;40m"
_RESET = "\x1b[0m"


def qr_code(text: str) -> str:
    """Return the lines of the code, two rows of it in one; the colours are set, whatever the terminal's."""
    drawn = io.StringIO()
    segno.make_qr(text, error="l").terminal(drawn, border=QUIET, compact=True)
    return "\n".join(f"{_WHITE_ON_BLACK}{line}{_RESET}" for line in drawn.getvalue().splitlines())
