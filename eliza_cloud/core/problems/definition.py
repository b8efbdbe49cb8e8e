"""What a row of the catalogue holds, and how an occurrence is made from it."""

from enum import StrEnum
from typing import Any, TypedDict

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence: a machine-readable `code`, the HTTP `status` we answer with, a sentence for a person.

    `retry_after` is in seconds. `details` are the cloud's own members under the cloud's names.
    """

    code: str
    status: int
    message: str
    retryable: bool = False
    retry_after: float | None = None
    details: dict[str, Any] = {}


#: Remedies that several rows have.
IN_A_MOMENT = "Try again in a moment."
AS_THE_SENTENCE_SAYS = "Correct what the sentence names."
#: What a known wait in seconds makes of a remedy.
AFTER_A_WAIT = "Try again in {} s."


class Severity(StrEnum):
    """How bad a problem is while it lasts."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Action(StrEnum):
    """What a button beside a problem would do about it."""

    SIGN_IN = "sign_in"
    CONNECT = "connect"
    RESUME = "resume"
    TAKE_BACKUP = "take_backup"
    TOP_UP = "top_up"
    ACCEPT_PRICE = "accept_price"
    RESTART_AGENT = "restart_agent"
    RESTART_SERVICE = "restart_service"
    EDIT_SETTINGS = "edit_settings"


class Particulars(TypedDict, total=False):
    """What an occurrence may know better than its row."""

    status: int | None
    retryable: bool | None
    retry_after: float | None
    details: dict[str, Any]


#: Values of fields for the examples of the API's document.
FIELDS = {
    "address": "127.0.0.1:31337",
    "agent_id": "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
    "agent_status": "stopped",
    "allowed": "GET, HEAD",
    "apart": "3 hours ahead of the cloud's",
    "balance": "3.10",
    "capability": "tts",
    "found": "None",
    "holder": "another program",
    "host": "www.elizacloud.ai",
    "http_status": "418",
    "method": "POST",
    "minutes": "15",
    "name": "my-agent",
    "path": "/home/me/.eliza/api-token",
    "process": "4711",
    "provider": "openai",
    "reason": "unknown",
    "remedy": "Set another port with ELIZA_API_PORT.",
    "said": "No",
    "seconds": "30",
    "setting": "ELIZA_API_PORT",
    "site": "https://www.elizacloud.ai",
    "size": "64",
    "source": "ELIZA_API_TOKEN",
    "url": "http://127.0.0.1:31337",
    "variable": "OPENAI_API_KEY",
    "what": "No more is known",
}


class ProblemType(msgspec.Struct, frozen=True, kw_only=True):
    """One row: everything that is said about a kind of problem, and what is known of all its occurrences.

    `title` says what is so and `remedy` what a person does about it. `sentence` is the template of an
    occurrence, with named fields; empty, it is the title. A sentence without a full stop is one that clients
    compare with: it stands for itself. Every other is followed by the remedy.

    `statuses` are the HTTP statuses of answers, the usual one first; `lasts` tells whether it can last
    (health, `/readyz`, `explain`, `doctor`) and not only the end of one request.
    `examples` are values of the fields where the general ones (`FIELDS`) do not fit.
    """

    code: str
    title: str
    remedy: str
    sentence: str = ""
    statuses: tuple[int, ...] = ()
    severity: Severity = Severity.ERROR
    action: Action | None = None
    retryable: bool = False
    lasts: bool = False
    examples: dict[str, str] = {}

    def worded(
        self,
        sentence: str,
        remedy: str | None = None,
        *,
        status: int | None = None,
        retryable: bool | None = None,
        examples: dict[str, str] | None = None,
    ) -> "ProblemType":
        """Return another wording of the same problem, for where more is known."""
        return msgspec.structs.replace(
            self,
            sentence=sentence,
            remedy=self.remedy if remedy is None else remedy,
            statuses=self.statuses if status is None else (status,),
            retryable=self.retryable if retryable is None else retryable,
            examples=examples or {},
        )

    def says(self, **fields: object) -> str:
        """Return the sentence of an occurrence without the remedy."""
        return (self.sentence or self.title).format(**fields)

    def occurred(
        self,
        *,
        status: int | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        details: dict[str, Any] | None = None,
        **fields: object,
    ) -> Problem:
        """Return an occurrence; `fields` fill the template in. A known wait replaces the remedy."""
        retryable = self.retryable if retryable is None else retryable
        wait = -int(-retry_after // 1) if retryable and retry_after else 0
        sentence = self.says(**fields)
        if (self.sentence or self.title).endswith("."):
            sentence = f"{sentence} {AFTER_A_WAIT.format(wait) if wait else self.remedy.format(**fields)}"
        return Problem(
            code=self.code,
            status=status or (self.statuses[0] if self.statuses else 500),
            message=sentence,
            retryable=retryable,
            retry_after=retry_after,
            details=details or {},
        )

    def example(self) -> Problem:
        """Return what an occurrence looks like, for the API's document."""
        return self.occurred(**{name: (FIELDS | self.examples)[name] for name in self.fields})  # type: ignore[arg-type]

    @property
    def sentence_fields(self) -> frozenset[str]:
        """The names of the sentence's fields."""
        return _fields(self.sentence or self.title)

    @property
    def fields(self) -> frozenset[str]:
        """The names of all fields, the remedy's included."""
        return self.sentence_fields | _fields(self.remedy)


class _Names(dict[str, str]):
    """Notes which fields a template asks for."""

    def __missing__(self, name: str) -> str:
        self[name] = ""
        return ""


def _fields(template: str) -> frozenset[str]:
    names = _Names()
    template.format_map(names)
    return frozenset(names)
