"""The names of the states. Five of the link's are shown, `closing` is not (architecture: The step)."""

from enum import Enum, StrEnum


class LinkState(Enum):
    """Where the link is (architecture: The step)."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    ERROR = "error"
    CLOSING = "closing"


class LoginState(Enum):
    """Where one browser sign-in is."""

    IDLE = "idle"
    PENDING = "pending"
    AUTHENTICATED = "authenticated"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"


class KeyState(Enum):
    """What is known about the API key; only an answer of the cloud moves it off `unverified`."""

    ABSENT = "absent"
    UNVERIFIED = "unverified"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why the link is in its state, as `connection.reason` shows it."""

    CONNECT_FAILED = "connect_failed"
    HEARTBEAT_MISSED = "heartbeat_missed"
    RETRIES_EXHAUSTED = "retries_exhausted"
    KEY_REJECTED = "key_rejected"
    AGENT_GONE = "agent_gone"
    CREDITS_EXHAUSTED = "credits_exhausted"
    PRICE_CONFIRMATION_REQUIRED = "price_confirmation_required"
    AGENT_SUSPENDED = "agent_suspended"
    CLOSING = "closing"
