"""One call of the headless phone: a SIP dialog (RFC 3261 sections 12 to 15) with its sound.

::

            invite sent                 INVITE received
    CALLING ───────────▶ (180)          RINGING
       │ 200                               │ answer()
       └────────────▶ TALKING ◀────────────┘
       │                 │ BYE, either way │ CANCEL, reject()
       └── error ──▶   ENDED  ◀────────────┘
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import StrEnum

from aiortc.exceptions import InvalidAccessError, InvalidStateError

from hotline.errors import BadInput, Unavailable
from hotline.softphone import sip
from hotline.softphone.media import Audio, ToneMeter
from hotline.softphone.sip_client import Headers, SipClient, SipRefused

log = logging.getLogger(__name__)

TONES = "0123456789*#ABCD"
"""What a telephone's keys send (ITU-T Q.23)."""
TONE_MS = 160
_SIGNAL = re.compile(r"^Signal\s*=\s*([0-9A-D*#])\s*$", re.MULTILINE)


class CallState(StrEnum):
    """Where a call stands."""

    CALLING = "calling"
    RINGING = "ringing"  # incoming, not answered
    TALKING = "talking"
    ENDED = "ended"


class HeadlessCall:
    """Made by :class:`~hotline.softphone.headless.HeadlessPhone`; ends by itself when the far end hangs up.

    Times are of the event loop's clock, in seconds.
    """

    def __init__(
        self,
        client: Callable[[], SipClient],
        audio: Audio,
        *,
        call_id: str,
        incoming: bool,
        on_unsaid: Callable[[HeadlessCall], None],
    ) -> None:
        self._client = client  # a function, because the phone reconnects with a new one
        self._on_unsaid = on_unsaid  # told of a call that was hung up when its far end could not be told
        self._audio = audio
        self.call_id = call_id
        self.incoming = incoming
        self.state = CallState.RINGING if incoming else CallState.CALLING
        self.end_reason = ""
        """``bye``, ``remote-bye``, ``cancelled``, ``rejected``, ``lost`` or a refusal such as ``486 Busy Here``."""
        self.headers: Headers = ()
        """Headers of the INVITE received; ``x-call-id`` and the like are among them."""
        self.remote_number = ""
        self.ringing = asyncio.Event()
        self.answered = asyncio.Event()
        self.confirmed = asyncio.Event()
        """An incoming call: our answer was acknowledged. Without that nobody is connected, whatever we sent."""
        self.ended = asyncio.Event()
        self.tones: asyncio.Queue[str] = asyncio.Queue()
        """Keys that the far end has pressed."""
        self.refreshed = asyncio.Event()
        """Set when the far end has confirmed our address after a reconnect."""
        self.started_at = asyncio.get_running_loop().time()
        self.rang_at: float | None = None
        self.answered_at: float | None = None
        self._local = ""  # our From value with tag
        self._remote = ""  # the far end's To value with tag
        self._target = ""  # URI of in-dialog requests
        self._cseq = secrets.randbelow(1000) + 1
        self._invite: sip.SipMessage | None = None  # the INVITE received, or the last one sent
        self._provisional = asyncio.Event()
        self._tag = secrets.token_hex(6)
        self._work: set[asyncio.Task[None]] = set()

    @property
    def meter(self) -> ToneMeter:
        """What is heard from the far end."""
        return self._audio.meter

    @property
    def media_connected(self) -> bool:
        """Whether ICE and DTLS are up."""
        return self._audio.connected

    def header(self, name: str) -> str | None:
        """Return a header of the INVITE received (lower-case name)."""
        return next((value for key, value in self.headers if key == name), None)

    # --- outgoing -------------------------------------------------------------------------------------------------

    def start(self, uri: str, headers: Headers) -> None:
        """Send the INVITE in the background; watch ``ringing``, ``answered`` and ``ended``."""
        self._target = uri
        self._spawn(self._place(uri, headers))

    async def _place(self, uri: str, headers: Headers) -> None:
        client = self._client()
        self._local = f"<{client.account.uri}>;tag={self._tag}"
        try:
            offer = await self._audio.offer()
            response = await client.request_with_auth(
                "INVITE",
                uri,
                (("from", self._local), ("to", f"<{uri}>"), ("call-id", self.call_id), *self._own(client), *headers),
                offer,
                on_provisional=self._on_provisional,
                on_sent=self._on_sent,
                on_challenge=self._acknowledge_refusal,
                cseq=self._next_cseq,
            )
        except Unavailable as error:
            self._end(error.error_id)
            return
        if response.status != 200:
            await self._acknowledge_refusal(response)
            self._end("cancelled" if response.status == 487 else f"{response.status} {response.reason}")
            return
        self._remote = response.need("to")
        self._target = sip.address_uri(response.get("contact") or "") or uri
        await self._acknowledge(response)
        if self.state is CallState.ENDED:  # hung up while the 200 was on its way: RFC 3261 section 15.1.1 wants a BYE
            await self.say_farewell()
            return
        await self._audio.accept_answer(response.body)
        self._talk()

    async def _on_provisional(self, response: sip.SipMessage) -> None:
        self._provisional.set()
        if response.status in {180, 183}:
            self._ring()
        if response.status == 183 and response.body:  # early media
            await self._audio.accept_answer(response.body)

    def _on_sent(self, request: sip.SipMessage) -> None:
        self._invite = request

    async def _acknowledge_refusal(self, response: sip.SipMessage) -> None:
        """ACK of an error belongs to the INVITE's own transaction: same Via, same CSeq number (section 17.1.1.3)."""
        await self._send_within_invite("ACK", to=response.need("to"))

    async def _acknowledge(self, response: sip.SipMessage) -> None:
        client = self._client()
        ack = client.build("ACK", self._target, self._dialog_headers(), cseq=response.cseq)
        await client.send(ack)

    async def _send_within_invite(self, method: str, *, to: str | None = None) -> sip.SipMessage:
        if self._invite is None:
            raise Unavailable("no INVITE was sent", error_id="sip-no-call")
        invite = self._invite
        headers: Headers = (
            ("via", invite.need("via")),
            ("max-forwards", "70"),
            ("from", invite.need("from")),
            ("to", to or invite.need("to")),
            ("call-id", self.call_id),
            ("cseq", f"{invite.cseq} {method}"),
        )
        message = sip.SipMessage(method, invite.uri, None, "", headers)
        if method == "ACK":
            await self._client().send(message)
            return message
        return await self._client().request(message)

    # --- incoming -------------------------------------------------------------------------------------------------

    async def offered(self, invite: sip.SipMessage) -> None:
        """Take the INVITE that began this call and ring."""
        self._invite = invite
        self.headers = invite.headers
        self.remote_number = invite.from_user or ""
        self._remote = invite.need("from")
        self._local = f"{invite.need('to')};tag={self._tag}"
        self._target = sip.address_uri(invite.get("contact") or "") or invite.uri
        self._ring()
        await self._respond(invite, 180, "Ringing")

    async def answer(self) -> None:
        """Pick up.

        :raises Unavailable: the call is not ringing any more, or the connection is gone.
        """
        invite = self._invite
        if self.state is not CallState.RINGING or invite is None:
            raise Unavailable("the call does not ring", error_id="sip-no-call")
        try:
            sdp = await self._audio.answer(invite.body)
        except (ValueError, InvalidAccessError, InvalidStateError) as error:
            self._must_ring()
            await self._respond(invite, 488, "Not Acceptable Here")
            self._end("488 Not Acceptable Here")
            raise Unavailable(f"the offer cannot be answered: {error}", error_id="sip-bad-offer") from error
        self._must_ring()
        await self._respond(invite, 200, "OK", sdp)
        self._talk()

    def _must_ring(self) -> None:
        if self.state is not CallState.RINGING:  # changed while the answer was being prepared
            raise Unavailable("the caller gave up", error_id="sip-no-call")

    async def reject(self, status: int = 486, reason: str = "Busy Here") -> None:
        """Refuse a ringing call."""
        if self.state is CallState.RINGING and self._invite is not None:
            await self._respond(self._invite, status, reason)
            self._end("rejected")

    # --- both ------------------------------------------------------------------------------------------------------

    async def hangup(self) -> None:
        """End the call, whatever state it is in. Does nothing when it has ended.

        Without a connection the call ends here at once, and for the far end as soon as the phone is connected again.
        """
        if self.state is CallState.RINGING:
            await self.reject()
        elif self.state is CallState.CALLING:
            self._end("cancelled")
            if self._provisional.is_set():  # before that a CANCEL is not allowed; the 200 will get a BYE (section 9.1)
                with suppress(Unavailable):
                    await self._send_within_invite("CANCEL")
        elif self.state is CallState.TALKING:
            self._end("bye")
            await self.say_farewell()

    async def hold(self, on: bool) -> None:
        """Put the far end on hold by a new offer (``sendonly``), or take it back (RFC 6337 section 5.3).

        :raises SipRefused: the far end does not agree.
        """
        await self._renew(await self._audio.offer(direction="sendonly" if on else "sendrecv"))

    async def dtmf(self, tones: str) -> None:
        """Send tones one after the other: SIP INFO with ``application/dtmf-relay``, each 160 ms.

        Not RFC 4733's ``telephone-event``, because aiortc cannot send it. Asterisk takes INFO from every telephone.

        :raises BadInput: a tone that no telephone has; nothing was sent.
        :raises Unavailable: nobody is connected.
        :raises SipRefused: the far end does not take the tones.
        """
        if not tones or not set(tones) <= set(TONES):
            raise BadInput(f"not tones of a telephone: {tones!r}", error_id="bad-tones", details={"tones": TONES})
        if self.state is not CallState.TALKING:
            raise Unavailable("nobody is connected", error_id="sip-no-call")
        for tone in tones:
            client = self._client()
            body = f"Signal={tone}\r\nDuration={TONE_MS}\r\n"
            cseq = self._next_cseq()
            headers = (*self._dialog_headers(), *self._own(client))
            info = client.build("INFO", self._target, headers, body, cseq=cseq, content_type="application/dtmf-relay")
            response = await client.request(info)
            if response.status != 200:
                raise SipRefused(response)

    async def refresh(self) -> None:
        """Tell the far end our new address after a reconnect (telephony.md 3.4). It can send BYE again after this."""
        if self.state is not CallState.TALKING:
            return
        client = self._client()
        headers = (*self._dialog_headers(), *self._own(client))
        try:
            response = await client.request(client.build("UPDATE", self._target, headers, cseq=self._next_cseq()))
        except Unavailable as error:
            if error.error_id == "sip-timeout":  # RFC 3261 section 12.2.1.2: no answer ends the dialog, too
                self._end("lost")
            raise
        if response.status in {408, 481}:  # the far end has forgotten the call
            self._end("lost")
        elif response.status == 200:
            self.refreshed.set()
        else:
            log.warning("call %s: our new address was refused: %s %s", self.call_id, response.status, response.reason)

    async def take_request(self, request: sip.SipMessage) -> None:
        """Serve a request of the far end inside this call."""
        if request.method == "BYE":
            await self._respond(request, 200, "OK")
            self._end("remote-bye")
        elif request.method == "CANCEL":
            await self._respond(request, 200, "OK")
            if self.state is CallState.RINGING and self._invite is not None:
                await self._respond(self._invite, 487, "Request Terminated")
                self._end("cancelled")
        elif request.method in {"INVITE", "UPDATE"}:
            await self._take_offer(request)
        elif request.method == "ACK":
            self.confirmed.set()
        elif request.method == "INFO":
            await self._respond(request, 200, "OK")
            if tone := _SIGNAL.search(request.body):
                self.tones.put_nowait(tone[1])
        else:
            await self._respond(request, 200 if request.method == "OPTIONS" else 501, "Answered")

    async def close(self) -> None:
        """Free everything. The dialog is not told: use :meth:`hangup` first."""
        self._end("lost")
        for task in tuple(self._work):
            if task is not asyncio.current_task():
                await asyncio.gather(task, return_exceptions=True)

    def lose(self) -> None:
        """The connection is gone for good."""
        self._end("lost")

    async def _take_offer(self, request: sip.SipMessage) -> None:
        if not request.body:
            status = 200 if request.method == "UPDATE" else 488
            await self._respond(request, status, "OK" if status == 200 else "Not Acceptable Here")
            return
        try:
            sdp = await self._audio.answer(request.body)
        except (ValueError, InvalidAccessError, InvalidStateError) as error:
            log.warning("offer inside the call refused: %s", error)
            await self._respond(request, 488, "Not Acceptable Here")
            return
        await self._respond(request, 200, "OK", sdp)

    async def _renew(self, offer: str) -> None:
        client = self._client()
        headers = (*self._dialog_headers(), *self._own(client))
        response = await client.request_with_auth(
            "INVITE",
            self._target,
            headers,
            offer,
            on_sent=self._on_sent,
            on_challenge=self._acknowledge_refusal,
            cseq=self._next_cseq,
        )
        if response.status != 200:
            await self._acknowledge_refusal(response)
            raise SipRefused(response)
        await self._acknowledge(response)
        await self._audio.accept_answer(response.body)

    async def say_farewell(self) -> None:
        """Tell the far end that the call is over; without a connection, the phone does so when it is back."""
        try:
            client = self._client()
            await client.request_with_auth("BYE", self._target, self._dialog_headers(), cseq=self._next_cseq)
        except Unavailable as error:
            log.info("call %s: the far end does not know of its end: %s", self.call_id, error)
            self._on_unsaid(self)

    async def _respond(self, request: sip.SipMessage, status: int, reason: str, body: str = "") -> None:
        client = self._client()
        headers: Headers = (("contact", client.contact),)
        if body:
            headers = (*headers, ("content-type", "application/sdp"))
        await client.send(sip.respond(request, status, reason, to_tag=self._tag, headers=headers, body=body))

    def _own(self, client: SipClient) -> Headers:
        return (("contact", client.contact),)

    def _dialog_headers(self) -> Headers:
        return (("from", self._local), ("to", self._remote), ("call-id", self.call_id))

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _ring(self) -> None:
        self.rang_at = self.rang_at or asyncio.get_running_loop().time()
        self.ringing.set()

    def _talk(self) -> None:
        self.state = CallState.TALKING
        self.answered_at = asyncio.get_running_loop().time()
        self.answered.set()

    def _end(self, reason: str) -> None:
        if self.state is not CallState.ENDED:
            log.debug("call %s: %s -> ended, %s", self.call_id, self.state, reason)
            self.state, self.end_reason = CallState.ENDED, reason
            self._spawn(self._audio.close())
            self.ended.set()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
