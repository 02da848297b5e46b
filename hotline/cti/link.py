"""One supervised AMI connection to one Asterisk: the only file that knows panoramisk.

panoramisk 1.4 brings the protocol object, the writing of actions and the table of pending ones. Its manager is not
used, and its faults (style.md 6, A to N; telephony.md 1.6) are guarded here: bytes are framed by ``framing.Framer``,
whatever is pending fails when the connection goes, nothing is ever sent twice, a silent peer is dropped after a ping
deadline, a wrong secret is a state of its own. docs/adr/0001-panoramisk-behind-one-port.md says why it is kept at all.

::

    CONNECTING -logged in, fully booted-> SYNCING -synced()-> UP
    CONNECTING -secret refused-> REFUSED -pause-> CONNECTING
    any -connection lost, peer silent, cannot connect-> DOWN -backoff-> CONNECTING
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import socket
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from hotline.clock import Clock
from hotline.config import AsteriskSettings
from hotline.cti.errors import CommandRefused
from hotline.cti.events import WANTED
from hotline.cti.framing import Framer, Message
from hotline.cti.linkrules import LinkCounts, Timing, Value, clean, retry_delay
from hotline.cti.model import LinkState
from hotline.errors import Unavailable
from hotline.tracing import span

log = logging.getLogger(__name__)

_READ_BUFFER = 65_536


class _Refused(Exception):
    """Asterisk does not accept our user or secret."""


# panoramisk ships no types, so to mypy its classes are Any.
class _Pending(Action):  # type: ignore[misc]
    """An action on its way, and the answers to it. Replaces panoramisk's guesses about when a reply is complete."""

    def __init__(self, headers: Mapping[str, Value], *, whole_list: bool, until: str | None) -> None:
        super().__init__(headers, as_list=whole_list)
        self.whole_list = whole_list
        self.until = until
        self.messages: list[Message] = []

    def add_message(self, message: Message) -> bool:
        """Take one answer; tell whether it was the last."""
        self.messages.append(message)
        if not self._complete(message):
            return False
        if not self.future.done():
            self.future.set_result(self.messages)
        return True

    def _complete(self, message: Message) -> bool:
        if not message.event:  # OriginateResponse is an event with a Response header
            return message.response == "Error" or not (self.whole_list or self.until)
        if self.whole_list:
            # BridgeInfoComplete has no "EventList: Complete" (telephony.md 1.5).
            return message.headers.get("EventList") == "Complete" or message.event.endswith("Complete")
        return message.event == self.until


# A BufferedProtocol reuses one buffer; a plain Protocol allocates 256 KiB a read (performance.md 1).
class _Protocol(AMIProtocol, asyncio.BufferedProtocol):  # type: ignore[misc] # panoramisk ships no types
    """panoramisk's protocol with our framing, our completion rules and no reconnection."""

    encoding = "utf-8"

    def __init__(self, deliver: Callable[[Message], None], counts: LinkCounts, framer: Framer) -> None:
        super().__init__()
        self._deliver = deliver
        self._counts = counts
        self._framer = framer
        self._memory = bytearray(_READ_BUFFER)
        self._view = memoryview(self._memory)
        self._broken_seen = 0
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.booted = asyncio.Event()
        self.uptime_s: float | None = None

    def get_buffer(self, sizehint: int) -> bytearray:
        """Lend the event loop our buffer (asyncio.BufferedProtocol)."""
        return self._memory

    def buffer_updated(self, nbytes: int) -> None:
        """Take in what was read (asyncio.BufferedProtocol)."""
        self.data_received(bytes(self._view[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Cut bytes into messages and hand each on."""
        for message in self._framer.feed(data):
            self.handle_message(message)
        broken = self._framer.counts.broken + self._framer.counts.oversized
        if broken != self._broken_seen:
            self._broken_seen = broken
            log.warning("AMI sent something unreadable (%d so far): %r", broken, self._framer.last_broken)

    def handle_message(self, message: Message) -> None:
        """Give a reply to the action that waits for it, and any other event to the link's owner."""
        pending = self.responses.get(message.action_id) if message.action_id else None
        if pending is not None:
            if pending.add_message(message):
                self.forget(pending)
        elif message.event == "FullyBooted":
            uptime = message.headers.get("Uptime", "")
            self.uptime_s = float(uptime) if uptime.isdigit() else None
            self.booted.set()
        elif message.event:
            try:
                self._deliver(message)
            except Exception:  # a fault in a handler must not cost the connection
                self._counts.handler_errors += 1
                log.exception("handler of AMI event %s failed", message.event)
        else:
            self._counts.late_replies += 1

    def forget(self, pending: _Pending) -> None:
        """Stop waiting for answers to an action."""
        self.responses.pop(pending.id, None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail everything that waits for an answer: it will not come, and asking again is the caller's decision."""
        self.closed = True
        reason = str(exc) if exc else "Asterisk closed the connection"
        waiting = list(self.responses.values())
        self.responses.clear()
        for pending in waiting:
            if not pending.future.done():
                pending.future.set_exception(_unavailable(f"the connection to Asterisk was lost: {reason}"))
        if not self.lost.done():
            self.lost.set_result(reason)

    def close(self) -> None:
        """Drop the connection at once; a half-open one would keep a polite close waiting."""
        self.transport.abort()


class AmiLink:
    """Keeps one connection alive and offers commands on it.

    :param on_message: called for every wanted event, in order, from the reader; it must return at once.
    :param on_state: called with the new state and the reason in words whenever the state changes.
    :param wanted: names of events to hand on.
    :param chance: source of randomness between 0 and 1 for the backoff.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        on_message: Callable[[Message], None],
        on_state: Callable[[LinkState, str], None],
        clock: Clock,
        *,
        timing: Timing | None = None,
        wanted: frozenset[str] = WANTED,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._on_message = on_message
        self._on_state = on_state
        self._clock = clock
        self._timing = timing or Timing()
        self._wanted = wanted | {"FullyBooted"}
        self._chance = chance
        self._task: asyncio.Task[None] | None = None
        self._protocol: _Protocol | None = None
        self._waiters: list[tuple[frozenset[LinkState], asyncio.Future[LinkState]]] = []
        self._reached = False
        self.state = LinkState.DOWN
        self.reason = "not started"
        self.booted_at: datetime | None = None
        """When Asterisk was started, told by its uptime at our login: up to a second late, because uptime is cut off to
        whole seconds; ``None``: it did not say."""
        self.counts = LinkCounts()
        self.framer = Framer(self._wanted)
        """The present connection's framer, for its counts."""

    async def start(self) -> None:
        """Begin to connect, and keep connecting until ``stop``. Returns at once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"ami:{self._settings.name}")

    async def stop(self) -> None:
        """Close the connection and never connect again, whatever state the link is in."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._set(LinkState.DOWN, "stopped")

    def synced(self) -> None:
        """Say that the snapshot has been read: SYNCING becomes UP."""
        if self.state is LinkState.SYNCING:
            self._set(LinkState.UP, "")

    def drop(self, reason: str) -> None:
        """Throw the connection away and make a new one."""
        if self._protocol is not None:
            log.warning("dropping the AMI connection to %s: %s", self._settings.name, reason)
            self._protocol.close()

    async def wait_for(self, *states: LinkState) -> LinkState:
        """Wait until the link is in one of ``states``; return which."""
        if self.state in states:
            return self.state
        future: asyncio.Future[LinkState] = asyncio.get_running_loop().create_future()
        self._waiters.append((frozenset(states), future))
        return await future

    async def send(
        self, action: Mapping[str, Value], *, until: str | None = None, within: float | None = None
    ) -> Message:
        """Send one action and return its answer.

        :param until: name of the event that completes the action (``OriginateResponse``); then that event is returned.
        :param within: seconds; the usual reply time when ``None``.
        :raises BadInput: a value contains a line break, which would be a second header.
        :raises CommandRefused: Asterisk answered with an error; the message is Asterisk's.
        :raises Unavailable: the link is down, was lost, or Asterisk did not answer in time. The action may have run.
        """
        messages = await self._ask(action, within or self._timing.reply, until=until)
        return messages[-1]

    async def collect(self, action: Mapping[str, Value], *, within: float | None = None) -> list[Message]:
        """Send an action that answers with a list of events; return them without the closing one.

        :raises BadInput, CommandRefused, Unavailable: as ``send``.
        """
        messages = await self._ask(action, within or self._timing.list, whole_list=True)
        return messages[1:-1]

    async def _ask(
        self, action: Mapping[str, Value], within: float, *, until: str | None = None, whole_list: bool = False
    ) -> list[Message]:
        if self._protocol is None or self.state not in {LinkState.SYNCING, LinkState.UP}:
            raise _unavailable(f"no connection to Asterisk {self._settings.name}: {self.state} {self.reason}".rstrip())
        with span(f"AMI {action.get('Action', '')}", asterisk=self._settings.name):
            return await self._ask_on(self._protocol, action, within, until=until, whole_list=whole_list)

    async def _ask_on(
        self,
        protocol: _Protocol,
        action: Mapping[str, Value],
        within: float,
        *,
        until: str | None = None,
        whole_list: bool = False,
    ) -> list[Message]:
        headers = clean(action)
        pending = _Pending(headers, whole_list=whole_list, until=until)
        if protocol.closed:
            raise _unavailable("the connection to Asterisk is closed")
        protocol.send(pending, as_list=whole_list)
        try:
            async with asyncio.timeout(within):
                messages: list[Message] = await pending.future
        except TimeoutError:
            msg = f"Asterisk {self._settings.name} did not answer {headers['Action']} in {within:g} s"
            raise _unavailable(msg) from None
        finally:
            protocol.forget(pending)
        first = messages[0]
        if first.response == "Error":
            message = first.headers.get("Message", "refused without a reason")
            raise CommandRefused(message, details={"action": str(headers["Action"])})
        return messages

    # Supervision

    async def _run(self) -> None:
        attempt = 0
        while True:
            self._reached = False
            self._set(LinkState.CONNECTING, "")
            delay = None
            try:
                reason = await self._session()
            except _Refused as error:
                self.counts.refusals += 1
                delay = self._timing.refused_retry
                self._set(LinkState.REFUSED, str(error))
            except (OSError, TimeoutError, Unavailable, CommandRefused) as error:
                self._set(LinkState.DOWN, str(error) or type(error).__name__)
            else:
                self._set(LinkState.DOWN, reason)
            if self._reached:  # it worked this time, so begin again with the shortest pause
                attempt = 0
                self.counts.losses += 1
            if delay is None:
                delay = retry_delay(attempt, self._timing, self._chance())
                attempt += 1
            await asyncio.sleep(delay)

    async def _session(self) -> str:
        """Connect, log in and stay until the connection is gone; return why it went."""
        timing = self._timing
        protocol = await self._connect()
        try:
            await self._login(protocol)
            async with asyncio.timeout(timing.boot):
                await _first(protocol.booted.wait(), protocol.lost)
            if protocol.lost.done():
                return protocol.lost.result()
            self._protocol = protocol
            if protocol.uptime_s is not None:
                self.booted_at = self._clock.now() - timedelta(seconds=protocol.uptime_s)
            self._reached = True
            self.counts.connections += 1
            self._set(LinkState.SYNCING, "")
            return await self._keep_alive(protocol)
        finally:
            self._protocol = None
            protocol.close()
            protocol.connection_lost(None)  # whoever waits for an answer learns it now, not at the next loop turn

    async def _connect(self) -> _Protocol:
        loop = asyncio.get_running_loop()
        self.framer = Framer(self._wanted)
        host, port = self._settings.ami_host, self._settings.ami_port
        async with asyncio.timeout(self._timing.connect):
            transport, protocol = await loop.create_connection(
                lambda: _Protocol(self._on_message, self.counts, self.framer), host, port
            )
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return protocol

    async def _login(self, protocol: _Protocol) -> None:
        """Log in by challenge, so that the secret itself never crosses the wire.

        :raises _Refused: Asterisk does not accept us.
        """
        timing = self._timing
        try:
            challenge = await self._ask_on(protocol, {"Action": "Challenge", "AuthType": "MD5"}, timing.login)
            text = challenge[0].headers.get("Challenge", "") + self._settings.ami_secret.get_secret_value()
            # The digest that AMI prescribes; it protects nothing but this handshake.
            key = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            login: dict[str, Value] = {
                "Action": "Login",
                "AuthType": "MD5",
                "Username": self._settings.ami_user,
                "Key": key,
                "Events": "on",
            }
            await self._ask_on(protocol, login, timing.login)
        except CommandRefused as error:
            msg = f"Asterisk {self._settings.name} refused the AMI user {self._settings.ami_user}: {error.message}"
            raise _Refused(msg) from error

    async def _keep_alive(self, protocol: _Protocol) -> str:
        while True:
            done, _ = await asyncio.wait({protocol.lost}, timeout=self._timing.ping_every)
            if done:
                return protocol.lost.result()
            try:
                await self._ask_on(protocol, {"Action": "Ping"}, self._timing.pong)
            except Unavailable as error:
                if not protocol.lost.done():
                    self.counts.silences += 1
                return error.message

    def _set(self, state: LinkState, reason: str) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        level = logging.WARNING if state in {LinkState.DOWN, LinkState.REFUSED} else logging.INFO
        log.log(level, "AMI link %s: %s -> %s %s", self._settings.name, self.state, state, reason)
        self.state, self.reason = state, reason
        try:
            self._on_state(state, reason)
        except Exception:  # the supervisor must survive its listeners
            self.counts.handler_errors += 1
            log.exception("listener of the link state failed")
        for states, future in self._waiters:
            if state in states and not future.done():
                future.set_result(state)
        self._waiters = [waiter for waiter in self._waiters if not waiter[1].done()]


async def _first(event: Any, lost: asyncio.Future[str]) -> None:
    """Wait for ``event`` or for the loss of the connection, whichever comes first."""
    task = asyncio.ensure_future(event)
    try:
        await asyncio.wait({task, lost}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()


def _unavailable(message: str) -> Unavailable:
    return Unavailable(message, error_id="asterisk-unavailable")
