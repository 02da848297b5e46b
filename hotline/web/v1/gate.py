"""The gate of ``/api/v1``: a token instead of a session, so many requests a minute, every use written down.

There are no cookies here, therefore neither ``Origin`` nor a CSRF token: a foreign page cannot make a browser send a
token. A session opens nothing here, and a token nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
from aiohttp import web

from hotline.clock import Clock
from hotline.errors import Forbidden, HotlineError, NotAuthenticated, TooManyAttempts
from hotline.staff.audit import acting_from
from hotline.staff.rules import seconds_up
from hotline.staff.token_rules import Bucket, take
from hotline.web.access import require_access
from hotline.web.context import client_address, request_id_of, services
from hotline.web.failures import failure_of, json_of
from hotline.web.i18n import in_zone, reading
from hotline.web.v1.context import ROOT, keep_caller
from hotline.web.v1.shapes import Problem

PROBLEM = "application/problem+json"
KEPT = 10_000
"""Tokens whose pace is remembered; one that was forgotten begins with a full bucket."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pace:
    """How often each token has asked, in this process."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._buckets: OrderedDict[int, Bucket] = OrderedDict()

    def take(self, token_id: int) -> None:
        """Count a request.

        :raises TooManyAttempts: too many; ``details["retry_after_s"]`` says when the next one is let through.
        """
        bucket, wait = take(self._buckets.pop(token_id, None), self._per_minute, self._clock.now())
        self._buckets[token_id] = bucket
        while len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        if wait > timedelta():
            raise TooManyAttempts(
                "too many requests", error_id="too-many-requests", details={"retry_after_s": seconds_up(wait)}
            )


PACE: web.AppKey[Pace] = web.AppKey("api_pace", Pace)


async def admitted(request: web.Request, route: str, handler: Handler) -> web.StreamResponse:
    """Let a token do what its rights open.

    :raises NotAuthenticated: there is no token, or it does not work.
    :raises TooManyAttempts: it asks too often.
    :raises Forbidden: it does not open this.
    """
    its, ip = services(request), client_address(request)
    caller = await its.staff.tokens.caller(_bearer(request))
    keep_caller(request, caller)
    request.app[PACE].take(caller.token_id)
    with (
        reading(in_zone(caller.user.organisation.zone(its.settings.zone))),
        acting_from(ip),
    ):
        try:
            require_access(request.method, route, caller.user)
        except Forbidden:
            await its.staff.note_refusal(caller.user, f"{request.method} {route}")
            raise
        await its.staff.tokens.note(caller, f"{request.method} {route}", ip)
        return await handler(request)


def _bearer(request: web.Request) -> str:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise NotAuthenticated("a token is needed")
    return secret.strip()


def is_ours(request: web.Request) -> bool:
    """Tell whether a request is for this interface, whether or not the address exists."""
    return request.path.startswith(ROOT)


def problem(request: web.Request, error: HotlineError) -> web.Response:
    """Answer an error as RFC 9457 has it."""
    told = json_of(error)
    body = Problem(
        type=f"urn:hotline:error:{error.error_id}",
        title=failure_of(error).title,
        status=error.status,
        detail=str(told["message"]),
        error_id=error.error_id,
        details=dict(error.details) if not isinstance(told["details"], dict) else told["details"],
        request_id=request_id_of(request),
    )
    response = web.Response(status=error.status, body=msgspec.json.encode(body), content_type=PROBLEM)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"  # RFC 6750 section 3
    return response
