"""One attempt to deliver a message: to a public address only, pinned while it is asked, without redirections."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from hotline import __version__
from hotline.clock import Clock
from hotline.errors import Unavailable
from hotline.staff.secret_box import SecretBox
from hotline.webhooks import keys
from hotline.webhooks.desk import Parcel
from hotline.webhooks.rules import REFUSED, Network, refusal, signature, url_problem

TIMEOUT_S = 15.0
MAX_PAUSE_S = 86_400


class RefusedAddressError(OSError):
    """The name of a receiver leads to an address that nothing is sent to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went. ``problem`` is one of a few words, never what the receiver wrote."""

    status: int | None = None
    problem: str = ""
    wished: timedelta = timedelta()


class Post:
    """Sends messages.

    :param box: opens the secrets.
    :param plain_http: http is allowed beside https.
    :param networks: networks of the house that may be asked.
    """

    def __init__(self, clock: Clock, box: SecretBox, *, plain_http: bool, networks: Collection[Network]) -> None:
        self._clock = clock
        self._box = box
        self._plain_http = plain_http
        self._networks = tuple(networks)
        self._http: aiohttp.ClientSession | None = None

    async def send(self, parcel: Parcel) -> Outcome:
        """Make one attempt. Never raises for the receiver's fault."""
        # A setting may have become stricter since the address was written down.
        if problem := url_problem(parcel.url, plain_http=self._plain_http, networks=self._networks):
            return Outcome(problem=problem)
        try:
            secrets = [keys.opened(self._box, parcel.webhook_id, one) for one in parcel.sealed]
        except Unavailable:
            return Outcome(problem="no key opens the secret")
        stamp = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"hotline/{__version__}",
            "webhook-id": parcel.message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(secrets, parcel.message_id, stamp, parcel.body),
        }
        try:
            async with self._session().post(
                parcel.url, data=parcel.body, headers=headers, allow_redirects=False
            ) as answer:
                return Outcome(answer.status, wished=_pause(answer.headers.get("Retry-After", "")))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Outcome(problem=_word(error))

    async def close(self) -> None:
        """Close what is kept open."""
        if self._http is not None:
            await self._http.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            # No pool: each attempt resolves and judges the name anew.
            connector = aiohttp.TCPConnector(
                force_close=True, use_dns_cache=False, socket_factory=self._socket, limit=0
            )
            self._http = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._http

    def _socket(self, info: Any) -> socket.socket:
        """Make the socket for exactly the address that is connected to: no second look-up can lead elsewhere."""
        family, kind, protocol, _, address = info
        found = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if problem := refusal(found, self._networks):
            raise RefusedAddressError(problem)
        made = socket.socket(family=family, type=kind, proto=protocol)
        made.settimeout(0)
        return made


def _word(error: Exception) -> str:
    """Say in a word why there was no answer."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "bad certificate"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "unknown name"
    if isinstance(error, aiohttp.ClientConnectorError) and REFUSED in str(error.os_error):
        return REFUSED  # of several addresses, all of them: the errors are put together into one
    return "no answer in time" if isinstance(error, TimeoutError) else "no connection"


def _pause(text: str) -> timedelta:
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
    return timedelta(seconds=min(seconds, MAX_PAUSE_S))


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """Stop tasks and wait until they have stopped."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
