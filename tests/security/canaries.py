"""What must be found nowhere, in all the spellings in which it could have got there."""

import base64
from dataclasses import dataclass, field
from functools import cached_property

#: So many characters in a row of a secret are a leak. It is found by blocks side by side: wherever it begins,
#: one is whole in it. The first begins where the prefix of a key that may be shown does not reach.
PIECE = 20
BLOCK = 10
FIRST = 3


@dataclass(frozen=True)
class Canary:
    """One secret; `name` says which, `value` is searched for whole, cut and encoded."""

    name: str
    value: str

    @cached_property
    def needles(self) -> dict[bytes, str]:
        """Blocks of the value in every spelling, with the spelling's name."""
        plain = self.value.encode()
        spellings = {
            "plain": plain,
            "in capitals": plain.upper(),
            "reversed": plain[::-1],
            "hex": plain.hex().encode(),
            "HEX": plain.hex().upper().encode(),
            "percent-encoded": "".join(f"%{byte:02x}" for byte in plain).encode(),
            "PERCENT-ENCODED": "".join(f"%{byte:02X}" for byte in plain).encode(),
            "JSON escapes": "".join(f"\\u{byte:04x}" for byte in plain).encode(),
            "UTF-16": self.value.encode("utf-16-le"),
        }
        for shift in range(3):  # a base64 group begins at every third byte
            spellings[f"base64 shifted by {shift}"] = base64.b64encode(plain[shift:])
        widths = {
            "hex": 2,
            "HEX": 2,
            "percent-encoded": 3,
            "PERCENT-ENCODED": 3,
            "JSON escapes": 6,
            "UTF-16": 2,
        }
        return {
            text[start : start + width * BLOCK]: name
            for name, text in spellings.items()
            for width in [widths.get(name, 1)]
            for start in range(width * FIRST, len(text) - width * BLOCK + 1, width * BLOCK)
        }

    def found_in(self, content: bytes) -> dict[str, bytes]:
        """Return the spellings the content holds, each with what stands around the first hit."""
        hits: dict[str, bytes] = {}
        for needle, spelling in self.needles.items():
            at = content.find(needle)
            if at >= 0:
                hits.setdefault(spelling, content[max(0, at - 120) : at + 100])
        return hits


@dataclass
class Net:
    """All that was caught, by flow and by surface."""

    caught: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)
    flow: str = "before the first"

    def add(self, surface: str, content: bytes | str) -> None:
        """Keep what was seen on a surface during the present flow."""
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        self.caught.setdefault((self.flow, surface), []).append(raw)

    def of(self, flow: str, surface: str) -> bytes:
        """Return everything one flow left on one surface."""
        return b"\n".join(self.caught.get((flow, surface), []))

    def size(self) -> int:
        """Return how many bytes are to be searched."""
        return sum(len(content) for contents in self.caught.values() for content in contents)
