"""A value that must never be shown: the API key and the bearer token."""

from typing import final


@final
class Secret:
    """Holds a secret string; only `reveal()` gives it back.

    `repr`, `str` and formatting show a placeholder, pickling and copying into JSON fail, so a secret that
    strays into a log line, an exception or a response shows nothing.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        if not value:
            raise ValueError("a secret must not be empty")
        self.__value = value

    def reveal(self) -> str:
        """Return the plain value, for the store and for the outbound header only."""
        return self.__value

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("<secret>", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.__value == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")
