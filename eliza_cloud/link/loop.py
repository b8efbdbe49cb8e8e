"""The queue of one link and its one consumer: the only place where what is known about the link changes."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from eliza_cloud.core import effects as do
from eliza_cloud.core import events, login
from eliza_cloud.core.facts import Facts
from eliza_cloud.core.failure import Failure
from eliza_cloud.core.link import LinkMachine
from eliza_cloud.core.machine import Step
from eliza_cloud.core.replies import Done, Reply, Waits
from eliza_cloud.core.secret import Secret
from eliza_cloud.link.access import CloudAccess
from eliza_cloud.link.activities import Activities
from eliza_cloud.link.callers import Call, Callers
from eliza_cloud.link.clock import Clock
from eliza_cloud.link.errors import NOT_RUNNING
from eliza_cloud.link.interpreter import WAKE, Interpreter
from eliza_cloud.link.logins import Logins
from eliza_cloud.link.report import Observer, Report, report_step
from eliza_cloud.link.wake import watch_for_wake
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.settings import Settings

CONSUMER = "consumer"

log = structlog.get_logger()


class LinkLoop:
    """Takes events off the queue one by one, asks the tables, and has the effects carried out."""

    def __init__(
        self,
        *,
        access: CloudAccess,
        credentials: Credentials,
        settings: Callable[[], Settings],
        clock: Clock,
        chance: Callable[[], float],
        observers: Sequence[Observer],
    ) -> None:
        self.facts = Facts()
        self.running = False
        self.why_not_running = NOT_RUNNING
        self.activities = Activities(self._fall)
        self.logins = Logins(login.LoginMachine())
        self._machine = LinkMachine()
        self._clock = clock
        self._chance = chance
        self._observers = observers
        self._queue: asyncio.Queue[tuple[events.Event | login.LoginEvent, Call | None]] = asyncio.Queue()
        self._callers = Callers()
        self.interpreter = Interpreter(
            access=access,
            credentials=credentials,
            activities=self.activities,
            callers=self._callers,
            logins=self.logins,
            clock=clock,
            chance=chance,
            settings=settings,
            facts=lambda: self.facts,
            post=self.post,
            handle=self._handle,
        )

    def start(self, facts: Facts, key: Secret | None) -> None:
        """Begin with these facts and this key."""
        self.facts = facts
        self.interpreter.key = key
        self.running = True
        self.activities.start(CONSUMER, self._consume())
        self.activities.start(WAKE, watch_for_wake(self._clock, self.post))

    async def close(self, failure: Failure) -> None:
        """Cancel everything; whoever still waits is told why."""
        self._silence(failure)
        await self.activities.close()

    def post(self, event: events.Event | login.LoginEvent) -> None:
        """Put a fact on the queue."""
        self._queue.put_nowait((event, None))

    def ask(self, event: events.Event | login.LoginEvent) -> Call:
        """Put a command on the queue; the call tells what becomes of it."""
        call = Call()
        if self.running:
            self._queue.put_nowait((event, call))
        else:
            call.end(self.why_not_running)
        return call

    async def _consume(self) -> None:
        while True:
            event, call = await self._queue.get()
            try:
                await self._handle(event, call)
            except BaseException:
                if call is not None:
                    call.end(self.why_not_running)
                raise

    async def _handle(self, event: events.Event | login.LoginEvent, call: Call | None = None) -> None:
        reply: Reply = Done()
        if isinstance(event, login.LoginEvent):
            effects = self.logins.step(event).effects
        else:
            await self._end_login_of(event)
            step = self._decide(event)
            failure = await self._write_down(step)
            if failure is not None and call is not None:
                call.end(failure)
                return
            self._take(step, event)
            effects, reply = step.effects, step.reply
        if call is not None and isinstance(reply, Waits):
            self._let_wait(event, call)
        for effect in effects:
            if not isinstance(effect, do.StoreWish):
                await self.interpreter.carry_out(effect)
        if call is not None:
            call.accept(reply)

    async def _end_login_of(self, event: events.Event) -> None:
        pending = self.logins.pending
        if isinstance(event, events.Disconnect) and pending is not None:
            await self._handle(login.CancelLogin(pending.session_id, signing_out=True))

    def _decide(self, event: events.Event) -> Step[Facts]:
        return self._machine.step(self.facts, event, at=self._clock.wall(), chance=self._chance())

    async def _write_down(self, step: Step[Facts]) -> Failure | None:
        for effect in step.effects:
            if isinstance(effect, do.StoreWish) and (failure := await self.interpreter.write_down(effect)):
                return failure
        return None

    def _take(self, step: Step[Facts], event: events.Event) -> None:
        before, self.facts = self.facts, step.facts
        report_step(Report(event, before, step), self._observers)

    def _let_wait(self, event: events.Event | login.LoginEvent, call: Call) -> None:
        if isinstance(event, events.Connect):
            self._callers.wait_for_link(event.agent_id, call)
        elif isinstance(event, events.Disconnect | events.Stop):
            self._callers.wait_for_close(call)

    def _fall(self, activity: str, error: BaseException) -> None:
        log.error("runtime.fell", activity=activity, exc_info=error)
        self._silence(NOT_RUNNING)
        self.activities.cancel(*self.activities.names)

    def _silence(self, failure: Failure) -> None:
        self.running = False
        self.why_not_running = failure
        self._callers.answer_all(failure)
        self.interpreter.close_scheduler(failure)
        while not self._queue.empty():
            _, call = self._queue.get_nowait()
            if call is not None:
                call.end(failure)
