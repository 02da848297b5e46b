"""A telephone without a browser: registers, is called, calls, talks in tones.

It goes the same way as the browser: SIP over WebSocket (through our ``/sip`` with cookie and Origin, or straight to
Asterisk's ``/ws`` in low-level tests), DTLS-SRTP with PCMA. Used by the tests and by ``hotline line-check``. Like the
browser it reconnects by itself, registers again and refreshes its calls (telephony.md 3.4).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from types import TracebackType

from hotline.errors import Unavailable
from hotline.softphone import sip
from hotline.softphone.headless_call import CallState, HeadlessCall
from hotline.softphone.media import Audio
from hotline.softphone.model import CloseCode, SoftphoneAccount
from hotline.softphone.sip_client import Headers, SipClient, SipRefused

log = logging.getLogger(__name__)

REGISTER_EXPIRES = 120
RECONNECT_MIN, RECONNECT_MAX = 1.0, 4.0
"""Seconds between attempts, as in the browser (telephony.md 3.3)."""
REFUSALS = 10
"""Refused registrations in a row before a phone that was registered gives up: an Asterisk that has just restarted
does not know the account until the service has pushed it again."""


class HeadlessPhone:
    """One extension.

    ::

        async with HeadlessPhone(account, "ws://127.0.0.1:8088/ws", tone_hz=440) as phone:
            call = await phone.next_call(within=10)
            await call.answer()
            await call.meter.wait_for_tone(700)

    :param tone_hz: what this party "says"; give each party its own tone.
    :param auto_answer: pick up every call at once.
    :param max_calls: further callers hear busy.
    """

    def __init__(
        self,
        account: SoftphoneAccount,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
        tone_hz: int = 440,
        auto_answer: bool = False,
        max_calls: int = 1,
    ) -> None:
        self.account = account
        self.tone_hz = tone_hz
        self.auto_answer = auto_answer
        self.calls: dict[str, HeadlessCall] = {}
        """Calls that have not ended, by Call-ID."""
        self.registered = asyncio.Event()
        self.disconnected = asyncio.Event()
        """Set while there is no registered connection, after there was one."""
        self.refused: str | None = None
        """Why the phone has stopped for good: replaced elsewhere, logged out, password refused."""
        self.stopped = asyncio.Event()
        """Set when the phone does not try to reconnect any more."""
        self._url = url
        self._headers = dict(headers or {})
        self._origin = origin
        self._max_calls = max_calls
        self._incoming: asyncio.Queue[HeadlessCall] = asyncio.Queue()
        self._client: SipClient | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._work: set[asyncio.Task[None]] = set()
        self._unsaid: list[HeadlessCall] = []
        """Hung up while the connection was lost: their far ends are told after the reconnect."""

    async def __aenter__(self) -> HeadlessPhone:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up, unregister, disconnect."""
        await self.close()

    async def start(self) -> None:
        """Connect and register.

        :raises SipRefused: wrong password or unknown account.
        :raises Unavailable: the server does not answer.
        """
        try:
            lifetime = await self._attach()
        except BaseException:
            await self.close()
            raise
        self._supervisor = asyncio.create_task(self._supervise(lifetime))

    async def close(self) -> None:
        """Hang up everything, unregister and disconnect. May be called more than once."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
            self._supervisor = None
        calls = tuple(self.calls.values())
        for call in calls:
            with suppress(Unavailable):
                await call.hangup()
        client, self._client = self._client, None
        if client is not None:
            if self.registered.is_set():
                with suppress(Unavailable):
                    await client.register(expires=0)
            await client.close()
        for call in calls:
            await call.close()
        for task in tuple(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self.registered.clear()
        self.stopped.set()

    def lose_connection(self) -> None:
        """Break the socket as a dead network does; the phone comes back by itself, and its calls go on.

        :raises Unavailable: there is none.
        """
        self._current().abort()

    async def vanish(self) -> None:
        """Be gone as a killed browser is: no BYE, no word to anybody, no memory of the calls. ``start`` comes back."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
            self._supervisor = None
        if self._client is not None:
            self._client.abort()
            await self._client.close()
        for call in tuple(self.calls.values()):
            call.lose()
        self._unsaid.clear()
        self.registered.clear()
        self.disconnected.set()

    async def call(self, number: str, *, headers: Headers = ()) -> HeadlessCall:
        """Dial ``number``; returns at once: watch ``ringing``, ``answered`` and ``ended`` of the call.

        :raises Unavailable: the phone is not connected.
        """
        self._current()
        call = self._new_call(secrets.token_hex(12), incoming=False)
        call.remote_number = number
        call.start(f"sip:{number}@{self.account.uri.partition('@')[2]}", headers)
        return call

    async def next_call(self, *, within: float = 10.0) -> HeadlessCall:
        """Return the next incoming call, waiting at most ``within`` seconds for it.

        :raises TimeoutError: nobody called.
        """
        async with asyncio.timeout(within):
            return await self._incoming.get()

    async def _attach(self) -> int:
        """Connect and register; return the granted seconds."""
        client = SipClient(
            self.account, self._url, headers=self._headers, origin=self._origin, on_request=self._on_request
        )
        self._client = client
        await client.connect()
        lifetime = await client.register(expires=REGISTER_EXPIRES)
        self.disconnected.clear()
        self.registered.set()
        return lifetime

    async def _supervise(self, lifetime: int) -> None:
        while True:
            lifetime = await self._keep_registered(lifetime)
            self.registered.clear()
            self.disconnected.set()
            client = self._current()
            log.info("phone %s: connection lost, %s %s", self.account.extension, client.close_code, client.close_reason)
            if client.close_code in {CloseCode.REPLACED, CloseCode.SESSION_ENDED}:
                self._stop(client.close_reason)
                return
            attached = await self._reattach()
            if attached is None:
                return
            lifetime = attached
            unsaid = tuple(self._unsaid)
            self._unsaid.clear()
            for call in unsaid:
                self._spawn(call.say_farewell())
            for call in tuple(self.calls.values()):
                with suppress(Unavailable):
                    await call.refresh()

    async def _reattach(self) -> int | None:
        """Connect and register again, trying for as long as it takes; ``None``: refused for good."""
        delay, refusals = RECONNECT_MIN, 0
        while True:
            await asyncio.sleep(delay)
            delay = min(2 * delay, RECONNECT_MAX)
            try:
                return await self._attach()
            except SipRefused as error:
                refusals += 1
                if refusals >= REFUSALS:
                    self._stop(str(error))
                    return None
                log.info("phone %s: %s, trying again", self.account.extension, error)
            except Unavailable as error:
                log.info("phone %s: %s", self.account.extension, error)
            await self._current().close()

    async def _keep_registered(self, lifetime: int) -> int:
        """Register again before each expiry; return when the connection is lost."""
        client = self._current()
        while True:
            try:
                async with asyncio.timeout(max(lifetime * 0.8, 1)):
                    await client.lost.wait()
                    return lifetime
            except TimeoutError:
                try:
                    lifetime = await client.register(expires=REGISTER_EXPIRES)
                except Unavailable as error:
                    log.warning("phone %s: registration was not renewed: %s", self.account.extension, error)
                    await client.close()
                    return lifetime

    async def _on_request(self, request: sip.SipMessage) -> None:
        call = self.calls.get(request.call_id)
        if call is not None:
            await call.take_request(request)
        elif request.method == "INVITE":
            await self._ring(request)
        elif request.method == "OPTIONS":  # Asterisk qualifies the contact with it
            await self._current().send(sip.respond(request, 200, "OK", to_tag=secrets.token_hex(6)))
        elif request.method != "ACK":
            gone = sip.respond(request, 481, "Call/Transaction Does Not Exist", to_tag=secrets.token_hex(6))
            await self._current().send(gone)

    async def _ring(self, invite: sip.SipMessage) -> None:
        if len(self.calls) >= self._max_calls:
            await self._current().send(sip.respond(invite, 486, "Busy Here", to_tag=secrets.token_hex(6)))
            return
        call = self._new_call(invite.call_id, incoming=True)
        await call.offered(invite)
        if self.auto_answer:
            self._spawn(self._pick_up(call))
        self._incoming.put_nowait(call)

    async def _pick_up(self, call: HeadlessCall) -> None:
        with suppress(Unavailable):  # the caller gave up first
            await call.answer()

    def _new_call(self, call_id: str, *, incoming: bool) -> HeadlessCall:
        call = HeadlessCall(
            self._current,
            Audio(self.tone_hz),
            call_id=call_id,
            incoming=incoming,
            on_unsaid=self._unsaid.append,
        )
        self.calls[call_id] = call
        self._spawn(self._forget(call))
        return call

    async def _forget(self, call: HeadlessCall) -> None:
        await call.ended.wait()
        self.calls.pop(call.call_id, None)
        await call.close()

    def _stop(self, reason: str) -> None:
        self.refused = reason
        for call in tuple(self.calls.values()):
            call.lose()
        self.stopped.set()

    def _current(self) -> SipClient:
        if self._client is None:
            raise Unavailable("the phone is not connected", error_id="sip-connection-lost")
        return self._client

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


__all__ = ["CallState", "HeadlessCall", "HeadlessPhone"]
