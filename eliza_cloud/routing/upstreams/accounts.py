"""Several accounts at one provider: which is next, and which cools down (local-api §16)."""

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from eliza_cloud.cloud.http.error_body import retry_after
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.routing.config.types import Strategy

#: Cooldown in seconds after a response that names no time; a named time is used up to LONGEST_COOLDOWN.
COOLDOWNS = {401: 300.0, 402: 300.0, 429: 60.0}
LONGEST_COOLDOWN = 300.0
#: Seconds for which what a provider said about an account's quota is used: the window most limits have.
QUOTA_WINDOW = 60.0


class Account(msgspec.Struct, frozen=True):
    """An account of a provider (or server) `owner`; without a key, calls carry none."""

    owner: str
    name: str
    variable: str | None
    key: Secret | None


class _Use(msgspec.Struct):
    """What is known of one account; `cooldown_until` and `quota_seen` are times of the clock."""

    calls: int = 0
    cooldown_until: float = 0.0
    quota: float = 1.0
    quota_seen: float = float("-inf")


class Accounts:
    """Chooses among accounts. A new key under an old name is a new account, without a cooldown."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._uses: dict[Account, _Use] = {}
        self._last: dict[tuple[Account, ...], Account] = {}

    def choose(
        self, accounts: Sequence[Account], strategy: Strategy | None, tried: Collection[Account] = ()
    ) -> Account | None:
        """Return the account for a call, and count the call; None when `tried` leaves none that is available.

        When all cool down, the one whose cooldown ends first is used.
        """
        pool = [account for account in accounts if account not in tried]
        available = [account for account in pool if self.cooldown(account) == 0.0]
        if available:
            chosen = self._by(strategy, tuple(accounts), available)
        elif tried or not pool:
            return None
        else:
            chosen = min(pool, key=lambda account: self._use(account).cooldown_until)
        self._use(chosen).calls += 1
        self._last[tuple(accounts)] = chosen
        return chosen

    def note(self, account: Account, status: int, headers: Mapping[str, str]) -> bool:
        """Learn from an answer; tell whether the account cools down now, so that another one may be used."""
        use = self._use(account)
        limit, left = (
            _number(headers.get(f"X-RateLimit-{what}-Requests")) for what in ("Limit", "Remaining")
        )
        if limit and left is not None:
            use.quota, use.quota_seen = left / limit, self._monotonic()
        if status not in COOLDOWNS:
            return False
        seconds = retry_after(headers)
        rest = COOLDOWNS[status] if seconds is None else min(seconds, LONGEST_COOLDOWN)
        use.cooldown_until = self._monotonic() + rest
        return True

    def cooldown(self, account: Account) -> float:
        """Return the seconds left of an account's cooldown."""
        use = self._uses.get(account)
        return 0.0 if use is None else max(0.0, use.cooldown_until - self._monotonic())

    def _by(
        self, strategy: Strategy | None, accounts: tuple[Account, ...], available: Sequence[Account]
    ) -> Account:
        match strategy:
            case Strategy.ROUND_ROBIN:
                last = self._last.get(accounts)
                start = 0 if last is None else accounts.index(last) + 1
                turn = accounts[start:] + accounts[:start]
                return next(account for account in turn if account in available)
            case Strategy.LEAST_USED:
                return min(available, key=lambda account: self._use(account).calls)
            case Strategy.QUOTA_AWARE:
                return max(available, key=self._quota)
            case _:
                return available[0]

    def _quota(self, account: Account) -> float:
        """Return the share of its quota an account has left, as far as is known: 1.0 where nothing is."""
        use = self._use(account)
        return use.quota if self._monotonic() - use.quota_seen < QUOTA_WINDOW else 1.0

    def _use(self, account: Account) -> _Use:
        return self._uses.setdefault(account, _Use())


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdecimal() else None
