"""The queue of one link and its one consumer: the only place where the state of the link changes."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.link import effects as do
from eliza_cloud.core.link import events
from eliza_cloud.core.link.effects import Completed, Pending, Reply
from eliza_cloud.core.link.machine import LinkMachine
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login import machine as login
from eliza_cloud.core.login.machine import LoginMachine
from eliza_cloud.core.problems import MANAGER_NOT_STARTED, RUNTIME_NOT_STARTED, Problem
from eliza_cloud.core.statechart import Step
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.activities.login_poller import Logins
from eliza_cloud.runtime.activities.suspend_detector import detect_suspend
from eliza_cloud.runtime.clock import Clock, Flag, sleep
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.effect_runner import WAKE, EffectRunner
from eliza_cloud.runtime.observers import LoginStepRecord, Observer, StepRecord, log_login, notify
from eliza_cloud.runtime.tasks import Activities, EventSource, event_source, kind_of
from eliza_cloud.runtime.waiters import Command, Waiters
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials


class Machines(NamedTuple):
    """The machine of links and that of sign-ins. They keep nothing of any link, and may be shared by all."""

    link: LinkMachine
    login: LoginMachine

    @classmethod
    def build(cls) -> "Machines":
        """Build both, which takes some milliseconds and about 200 KiB."""
        return cls(LinkMachine(), LoginMachine())


@cache
def shared_machines() -> Machines:
    """Return the pair for a manager that was handed none; it is built at the first call and kept."""
    return Machines.build()


CONSUMER, PURSUIT = "consumer", "pursuit"
#: Seconds between two tries to write down what could not be.
PURSUED_AGAIN_AFTER = 5.0

log = structlog.get_logger()


class Probe:
    """Asks whether the consumer is at work; no event, for nothing has happened."""


class Pursuit:
    """Asks to write down what could not be; no event, for nothing of the link changes."""


Asked = events.Event | login.LoginEvent | Probe | Pursuit


@dataclass(frozen=True, slots=True)
class Queued:
    """What is on the queue: something that happened, who waits for it, who brought it about, and when."""

    event: Asked
    call: Command | None
    origin: EventSource
    at: float


class LinkLoop:
    """Takes events off the queue one by one, asks the tables, and has the effects carried out."""

    def __init__(
        self,
        *,
        cloud_session: CloudSession,
        credentials: Credentials,
        settings: Callable[[], Settings],
        clock: Clock,
        jitter: Callable[[], float],
        observers: Sequence[Observer],
        machines: Machines,
    ) -> None:
        self.facts = Facts()
        self.running = False
        self.why_not_running = MANAGER_NOT_STARTED.occurred()
        self.activities = Activities(self._on_crash)
        self.logins = Logins(machines.login)
        self._machine = machines.link
        self._clock = clock
        self._jitter = jitter
        self._observers = observers
        self._queue: deque[Queued] = deque()
        self._arrived = Flag()
        self._handling = False
        self._origin = event_source()  # of the event at hand
        self._command: Command | None = None  # who waits for it
        self._probe: Command | None = None
        self._waiters = Waiters()
        self.effect_runner = EffectRunner(
            cloud_session=cloud_session,
            credentials=credentials,
            activities=self.activities,
            waiters=self._waiters,
            logins=self.logins,
            clock=clock,
            jitter=jitter,
            settings=settings,
            facts=lambda: self.facts,
            post=self.post,
            handle=self._handle,
        )
        self.effect_runner.write.on_unfinished = self._pursue_later

    def start(self, facts: Facts, key: Secret | None) -> None:
        """Begin with these facts and this key."""
        self.facts = facts
        self.effect_runner.key = key
        self.running = True
        self.why_not_running = RUNTIME_NOT_STARTED.occurred()
        for observer in self._observers:
            observer.on_start(facts)
        self.activities.start(CONSUMER, self._consume(), detached=True)
        if self.effect_runner.write.is_unfinished:
            self._pursue_later()
        self.activities.start(WAKE, detect_suspend(self._clock, self.post), detached=True)

    @property
    def queue_length(self) -> int:
        """How many events wait."""
        return len(self._queue)

    @property
    def is_idle(self) -> bool:
        """Whether the consumer has nothing to do and waits for the next event."""
        return not (self._handling or self._queue)

    @property
    def waiting(self) -> int:
        """How many commands wait for an agent to be linked, or for the link to be closed."""
        return len(self._waiters)

    async def close(self, problem: Problem) -> None:
        """Cancel everything; everyone who waits gets the problem."""
        self._shut_down(problem)
        await self.activities.close()

    def post(self, event: events.Event | login.LoginEvent) -> None:
        """Put a fact on the queue."""
        self._put(event, None)

    def ask(self, event: Asked) -> Command:
        """Put a command on the queue; the command says what becomes of it."""
        call = Command()
        if self.running:
            self._put(event, call)
        else:
            call.end(self.why_not_running)
        return call

    def probe(self) -> Command:
        """Ask whether the consumer is at work; those who ask before it has answered share one question."""
        if self._probe is None or self._probe.answered:
            self._probe = self.ask(Probe())
        return self._probe

    def pursue(self) -> None:
        """Try again to write down what could not be, in turn with everything else."""
        if self.running and not any(isinstance(queued.event, Pursuit) for queued in self._queue):
            self._put(Pursuit(), None)

    def _put(self, event: Asked, call: Command | None) -> None:
        self._queue.append(Queued(event, call, event_source(), self._clock.monotonic()))
        self._arrived.set()

    def _pursue_later(self) -> None:
        if PURSUIT not in self.activities.names:
            self.activities.start(PURSUIT, self._pursue_on(), detached=True)

    async def _pursue_on(self) -> None:
        while self.effect_runner.write.is_unfinished:
            await sleep(self._clock, PURSUED_AGAIN_AFTER)
            self.pursue()

    async def _consume(self) -> None:
        while True:
            self._handling, self._command = False, None
            while not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            self._handling = True
            queued = self._queue.popleft()
            begun = self._clock.monotonic()
            self._origin, self._command = queued.origin, queued.call
            try:
                with queued.origin.bind():
                    await self._dispatch(queued.event, queued.call)
            except BaseException:
                if queued.call is not None:
                    queued.call.end(self.why_not_running)
                raise
            took = self._clock.monotonic() - begun
            for observer in self._observers:
                observer.on_event_handled(type(queued.event).__name__, begun - queued.at, took)

    async def _dispatch(self, event: Asked, call: Command | None) -> None:
        if isinstance(event, Pursuit):
            await self.effect_runner.write.pursue()
        elif not isinstance(event, Probe):
            await self._handle(event, call)
        elif call is not None:
            call.accept(Completed())

    async def _handle(self, event: events.Event | login.LoginEvent, call: Command | None = None) -> None:
        reply: Reply = Completed()
        if isinstance(event, login.LoginEvent):
            effects = self._sign_in(event).effects
        else:
            await self._end_login_of(event)
            at, jitter = self._clock.wall(), self._jitter()
            step = self._machine.step(self.facts, event, at=at, jitter=jitter)
            problem = await self._write_down(step)
            if problem is not None and call is not None:
                call.end(problem)
                return
            record = StepRecord(event, self.facts, step, at, jitter, self._origin)
            self.facts = step.facts
            notify(record, self._observers)
            effects, reply = step.effects, step.reply
        if call is not None and isinstance(reply, Pending):
            self._register_waiter(event, call)
        for effect in effects:
            if not isinstance(effect, do.StoreDesiredAgent):
                await self.effect_runner.carry_out(effect)
        if call is not None:
            call.accept(reply)

    async def _end_login_of(self, event: events.Event) -> None:
        if isinstance(event, events.Disconnect) and (pending := self.logins.pending) is not None:
            await self._handle(login.CancelLogin(pending.session_id, signing_out=True))

    def _sign_in(self, event: login.LoginEvent) -> Step[login.LoginFacts]:
        before = self.logins.current
        step = self.logins.step(event)
        record = LoginStepRecord(event, before, step, self._clock.wall(), self._origin)
        log_login(record)
        for observer in self._observers:
            observer.on_login_step(record)
        return step

    async def _write_down(self, step: Step[Facts]) -> Problem | None:
        for effect in step.effects:
            if isinstance(effect, do.StoreDesiredAgent) and (
                problem := await self.effect_runner.write.desired_agent(effect)
            ):
                return problem
        return None

    def _register_waiter(self, event: Asked, call: Command) -> None:
        if isinstance(event, events.Connect):
            self._waiters.wait_for_link(event.agent_id, call)
        elif isinstance(event, events.Disconnect | events.Stop):
            self._waiters.wait_for_close(call)

    def _on_crash(self, activity: str, error: BaseException) -> None:
        log.error(log_events.RUNTIME_CRASHED, activity=kind_of(activity), exc_info=error)
        self._shut_down(RUNTIME_NOT_STARTED.occurred())
        self.activities.cancel(*self.activities.names)
        for observer in self._observers:
            observer.on_crash()

    def _shut_down(self, problem: Problem) -> None:
        self.running = False
        self.why_not_running = problem
        self._waiters.answer_all(problem)
        if self._command is not None:
            self._command.end(problem)  # a write that hangs may keep the consumer from it
        self.effect_runner.close_scheduler(problem)
        while self._queue:
            queued = self._queue.popleft()
            if queued.call is not None:
                queued.call.end(problem)
