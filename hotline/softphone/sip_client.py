"""A SIP user agent's lower half: one WebSocket to a proxy or to Asterisk, and the transactions on it.

WebSocket is reliable, so requests are sent once and only wait (RFC 3261 section 17.1: timers A, E, G and K do not
apply); a request without a final answer in 32 s has failed (timers B and F).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException
from websockets.typing import Origin, Subprotocol

from hotline.errors import Unavailable
from hotline.softphone import sip
from hotline.softphone.digest import authorization, choose
from hotline.softphone.model import SoftphoneAccount

log = logging.getLogger(__name__)

TRANSACTION_TIMEOUT = 32.0
CONNECT_TIMEOUT = 10.0

Headers = tuple[tuple[str, str], ...]
OnRequest = Callable[[sip.SipMessage], Awaitable[None]]
OnProvisional = Callable[[sip.SipMessage], Awaitable[None]]


class SipRefused(Unavailable):
    """The far end answered with a final error. ``details`` carries ``status`` and ``reason``."""

    default_id = "sip-refused"

    def __init__(self, response: sip.SipMessage) -> None:
        self.sip_status = response.status or 0
        super().__init__(
            f"{response.method} was refused: {response.status} {response.reason}",
            details={"status": response.status, "reason": response.reason},
        )


class SipClient:
    """Sends requests, matches responses, hands requests of the far end to ``on_request`` one at a time."""

    def __init__(
        self,
        account: SoftphoneAccount,
        url: str,
        *,
        headers: Mapping[str, str],
        origin: str | None,
        on_request: OnRequest,
    ) -> None:
        self.account = account
        self._url = url
        self._headers = dict(headers)
        self._origin = Origin(origin) if origin else None
        self._on_request = on_request
        self._ws: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._pending: dict[tuple[str, str], asyncio.Queue[sip.SipMessage | None]] = {}
        self._cseq = secrets.randbelow(1000) + 1
        self.via_host = f"{secrets.token_hex(6)}.invalid"
        self.lost = asyncio.Event()
        """Set when the WebSocket is gone."""
        self.close_code: int | None = None
        self.close_reason = ""

    @property
    def contact(self) -> str:
        """Our Contact: the extension as user, because the proxy checks it in every request's From."""
        return f"<sip:{self.account.extension}@{self.via_host};transport=ws>"

    async def connect(self) -> None:
        """Open the WebSocket.

        :raises Unavailable: the server does not answer, or refuses the upgrade.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                self._ws = await connect(
                    self._url,
                    subprotocols=[Subprotocol("sip")],
                    additional_headers=self._headers,
                    origin=self._origin,
                    compression=None,
                    max_size=sip.MAX_BYTES,
                    proxy=None,
                    close_timeout=2,
                )
        except (OSError, TimeoutError, InvalidHandshake, WebSocketException) as error:
            raise Unavailable(f"no SIP WebSocket at {self._url}: {error}", error_id="sip-unreachable") from error
        self._reader = asyncio.create_task(self._read(self._ws))

    async def close(self) -> None:
        """Close the WebSocket."""
        if self._ws is not None:
            await self._ws.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    def abort(self) -> None:
        """Break the connection without a word, as a crashed browser does."""
        if self._ws is not None:
            self._ws.transport.abort()

    async def register(self, *, expires: int = 120) -> int:
        """Register (or with ``expires`` 0, unregister); return the granted seconds.

        :raises SipRefused: wrong password or unknown account.
        :raises Unavailable: the connection is gone or nobody answered.
        """
        uri = f"sip:{self.account.uri.partition('@')[2]}"
        identity = f"<{self.account.uri}>"
        response = await self.request_with_auth(
            "REGISTER",
            uri,
            (
                ("from", f"{identity};tag={secrets.token_hex(6)}"),
                ("to", identity),
                ("call-id", secrets.token_hex(12)),
                ("contact", f"{self.contact};expires={expires}"),
                ("expires", str(expires)),
            ),
        )
        if response.status != 200:
            raise SipRefused(response)
        for contact in response.all("contact"):
            granted = sip.parameter(contact, "expires")
            if granted and granted.isdigit():
                return int(granted)
        return expires

    def build(
        self,
        method: str,
        uri: str,
        headers: Headers,
        body: str = "",
        *,
        cseq: int,
        branch: str = "",
        content_type: str = "application/sdp",
    ) -> sip.SipMessage:
        """Make a request with Via, Max-Forwards and CSeq."""
        branch = branch or f"z9hG4bK{secrets.token_hex(10)}"
        head: Headers = (
            ("via", f"SIP/2.0/WS {self.via_host};branch={branch}"),
            ("max-forwards", "70"),
            ("cseq", f"{cseq} {method}"),
            ("user-agent", "Hotline headless phone"),
            ("allow", "INVITE, ACK, BYE, CANCEL, UPDATE, OPTIONS, INFO"),
        )
        kind: Headers = (("content-type", content_type),) if body else ()
        return sip.SipMessage(method, uri, None, "", (*head, *headers, *kind), body)

    async def request_with_auth(
        self,
        method: str,
        uri: str,
        headers: Headers,
        body: str = "",
        *,
        on_provisional: OnProvisional | None = None,
        on_sent: Callable[[sip.SipMessage], None] | None = None,
        on_challenge: OnProvisional | None = None,
        cseq: Callable[[], int] | None = None,
    ) -> sip.SipMessage:
        """Send a request, answer one challenge, return the final response (also an error response).

        ``on_sent`` is told each request as it was sent: CANCEL and ACK must copy its Via and CSeq.
        ``on_challenge`` is told a 401 or 407 before the second attempt: an INVITE's must be acknowledged.

        :raises Unavailable: the connection is gone or nobody answered in 32 s.
        """
        number = cseq or self._next_cseq
        request = self.build(method, uri, headers, body, cseq=number())
        response = await self.request(request, on_provisional=on_provisional, on_sent=on_sent)
        if response.status not in {401, 407}:
            return response
        kind = "www-authenticate" if response.status == 401 else "proxy-authenticate"
        challenge = choose(response.all(kind))
        if challenge is None:
            return response
        if on_challenge is not None:
            await on_challenge(response)
        answer = authorization(
            challenge,
            user=self.account.extension,
            password=self.account.password,
            method=method,
            uri=uri,
            cnonce=secrets.token_hex(8),
        )
        name = "authorization" if response.status == 401 else "proxy-authorization"
        request = self.build(method, uri, (*headers, (name, answer)), body, cseq=number())
        return await self.request(request, on_provisional=on_provisional, on_sent=on_sent)

    async def request(
        self,
        request: sip.SipMessage,
        *,
        on_provisional: OnProvisional | None = None,
        on_sent: Callable[[sip.SipMessage], None] | None = None,
    ) -> sip.SipMessage:
        """Send ``request`` and return its final response.

        :raises Unavailable: the connection is gone or nobody answered in time.
        """
        key = (request.branch, request.method)
        answers: asyncio.Queue[sip.SipMessage | None] = asyncio.Queue()
        self._pending[key] = answers
        limit = TRANSACTION_TIMEOUT
        try:
            await self.send(request)
            if on_sent is not None:
                on_sent(request)
            while True:
                async with asyncio.timeout(limit):
                    response = await answers.get()
                if response is None:
                    raise Unavailable(f"connection lost during {request.method}", error_id="sip-connection-lost")
                if response.status is not None and response.status >= 200:
                    return response
                limit = 3 * 60  # RFC 3261 timer C: a phone may ring for minutes after a provisional answer
                if on_provisional is not None:
                    await on_provisional(response)
        except TimeoutError as error:
            raise Unavailable(f"no answer to {request.method}", error_id="sip-timeout") from error
        finally:
            self._pending.pop(key, None)

    async def send(self, message: sip.SipMessage) -> None:
        """Send one message.

        :raises Unavailable: the connection is gone.
        """
        if self._ws is None:
            raise Unavailable("not connected", error_id="sip-connection-lost")
        log.debug(">>> %s", message.method if message.is_request else message.status)
        try:
            await self._ws.send(message.text())
        except ConnectionClosed as error:
            raise Unavailable("connection lost", error_id="sip-connection-lost") from error

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    async def _read(self, ws: ClientConnection) -> None:
        try:
            # A connection that breaks without a close frame is lost like any other.
            with suppress(ConnectionClosed):
                async for text in ws:
                    if isinstance(text, str) and not sip.is_keep_alive(text):
                        await self._take(text)
        finally:
            self.close_code, self.close_reason = ws.close_code, ws.close_reason or ""
            self.lost.set()
            for answers in self._pending.values():
                answers.put_nowait(None)

    async def _take(self, text: str) -> None:
        try:
            message = sip.parse(text)
        except sip.SipError as error:
            log.warning("not SIP from the far end: %s", error)
            return
        log.debug("<<< %s %s", message.status or "", message.method)
        if message.is_request:
            with suppress(Unavailable):  # the answer could not be sent: ``lost`` tells everybody
                await self._on_request(message)
            return
        answers = self._pending.get((message.branch, message.method))
        if answers is not None:
            answers.put_nowait(message)
