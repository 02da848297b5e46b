"""What happens around every request: an id and a log line, errors made readable, the session, the request's honesty.

Outermost first: ``observe`` (id, access log, metrics), ``read_in_language``, ``explain_errors``, ``guard`` (body size,
Origin, session, CSRF). docs/security.md says why each is there.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

import msgspec
from aiohttp import web

from hotline.errors import Forbidden, HotlineError, NotAuthenticated
from hotline.logs import CALL_KEY, about
from hotline.staff.audit import acting_from
from hotline.staff.model import Session
from hotline.tracing import span
from hotline.web.access import require_access
from hotline.web.assets import PREFIX
from hotline.web.context import (
    METRICS,
    SESSION_COOKIE,
    client_address,
    is_fragment,
    keep_request_id,
    keep_session,
    request_id_of,
    services,
    session_of,
    style_nonce,
    wants_json,
)
from hotline.web.failures import LengthRequired, TooLarge, from_http, json_of
from hotline.web.forms import FORM, form_fields
from hotline.web.i18n import LANGUAGE_COOKIE, choose_language, in_zone, make_reader, reading
from hotline.web.render import failure_page
from hotline.web.v1.context import known_caller
from hotline.web.v1.gate import admitted, is_ours, problem

log = logging.getLogger(__name__)
access = logging.getLogger("hotline.access")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PUBLIC = frozenset({
    "/login", "/login/factor", "/login/oidc", "/login/oidc/back", "/login/oidc/leave", "/health", "/password/link",
    "/api/v1/openapi.json", PREFIX,
})  # fmt: skip
"""Route patterns that need no session. Everything else does; a test walks all routes."""
WITH_TEMPORARY_PASSWORD = frozenset({"/password", "/logout", "/language", PREFIX})
"""All that opens for somebody whose password an administrator has given him."""
MONITORED = frozenset({"/status", "/metrics"})
"""Route patterns that a monitoring system may read with its bearer token instead of a session."""

BODY_LIMIT = 64 * 1024
FILE_LIMITS = {"/api/attachments": 200 * 1024 * 1024}
"""Read in pieces, never as a whole; the setting ``attachment_mb`` is the limit that people meet."""
BODY_LIMITS = dict.fromkeys(
    (
        "/appeals",
        "/appeals/{id}",
        "/api/v1/appeals",
        "/api/v1/appeals/{id}/moves/{trigger}",
        "/api/drafts/{id}",
        "/directory/import",
        "/directory/import/apply",
        "/admin/profile",
        "/admin/profile/preview",
    ),
    3 * 1024 * 1024,
) | {"/api/register/uploads/{id}": 4 * 1024 * 1024}
"""Two texts of 99,999 Cyrillic letters (S003-114) are 1.2 MB in a form's percent-encoding."""

_HASHED = re.compile(r"-[A-Z0-9]{8}\.\w+\Z")
"""How the front-end's build names files that styles refer to, such as fonts."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def route_of(request: web.Request) -> str:
    """Return the pattern of the address, never the address itself: it may name a person or a call (DAY-29)."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(unknown)"


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id and write one line about it: no query string, no names."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    keep_request_id(request, request_id)
    key = request.match_info.get("key", "")
    call = key if CALL_KEY.fullmatch(key) else ""
    with about(request=request_id, call=call), span(f"{request.method} {route_of(request)}", request=request_id):
        return await _observed(request, handler, request_id)


async def _observed(request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    started = time.perf_counter()
    status = 499  # the browser went away
    try:
        response = await handler(request)
        status = response.status
    finally:
        seconds = time.perf_counter() - started
        route, who = route_of(request), _who(request)
        # A page's own files say nothing about anybody's work: a dozen lines a page, unless one is missing.
        access.log(
            logging.DEBUG if route == PREFIX and status < 400 else logging.INFO,
            "%s %s %d %.0f ms user=%s id=%s",
            request.method,
            route,
            status,
            seconds * 1000,
            who["user"] or "-",
            request_id,
            extra={**who, "method": request.method, "route": route, "status": status, "ms": round(seconds * 1000, 1)},
        )
        if status != 101:
            request.app[METRICS].observe(request.method, route, status, seconds)
    return response


def _who(request: web.Request) -> dict[str, str]:
    """Return for a log line who asks: an id, or "" before he is known."""
    session, caller = session_of(request), known_caller(request)
    user = session.user if session else caller.user if caller else None
    return {"user": str(user.id) if user else ""}


@web.middleware
async def read_in_language(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Make every text of the answer for the reader's language; until he is known, in the installation's time zone."""
    settings = services(request).settings
    chosen = request.query.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    language = choose_language(chosen, request.headers.get("Accept-Language"), settings.language)
    with reading(make_reader(language, settings.zone)):
        return await handler(request)


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into ``{error_id, message, details}`` or into a page that says what to do."""
    try:
        return await handler(request)
    except HotlineError as error:
        if error.status >= 500:
            words = (route_of(request), error.error_id, error, request_id_of(request))
            log.warning("%s failed: %s (%s) id=%s", *words, extra=_who(request))
        return await answer_error(request, error)
    except web.HTTPException as error:
        ours = from_http(error)
        if ours is None:
            raise
        answer = await answer_error(request, ours)
        if allowed := error.headers.get("Allow"):
            answer.headers["Allow"] = allowed  # RFC 9110 section 15.5.6
        return answer
    except Exception:
        log.exception("%s broke, id=%s", route_of(request), request_id_of(request), extra=_who(request))
        return await answer_error(request, HotlineError("internal error"))


async def answer_error(request: web.Request, error: HotlineError) -> web.StreamResponse:
    """Answer with ``error`` in the form that the client reads."""
    headers = {}
    retry = error.details.get("retry_after_s")
    if isinstance(retry, int):
        headers["Retry-After"] = str(retry)
    if is_ours(request):
        answer = problem(request, error)
        answer.headers.update(headers)
        return answer
    if wants_json(request):
        body = msgspec.json.encode(json_of(error))
        return web.Response(status=error.status, body=body, content_type="application/json", headers=headers)
    if error.status == 401 and request.method in SAFE and not is_fragment(request):
        # Only the path comes back after logging in: a query string may hold a name.
        target = "/login" if request.path == "/" else f"/login?next={quote(request.rel_url.raw_path, safe='/')}"
        return web.Response(status=303, headers={"Location": target})
    if error.error_id == "password-temporary":
        if is_fragment(request):
            return web.Response(status=204, headers={"HX-Redirect": "/password"})
        return web.Response(status=303, headers={"Location": "/password"})
    if error.status == 401:
        headers["HX-Trigger"] = "hotline:signed-out"
    response = failure_page(request, error)
    response.headers.update(headers)
    return response


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only honest requests through: bounded, from our own page, with a session, with its token."""
    route = route_of(request)
    _check_size(request, route)
    upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
    unsafe = request.method not in SAFE
    if is_ours(request):
        open_to_all = route in PUBLIC or request.match_info.http_exception is not None
        return await (handler(request) if open_to_all else admitted(request, route, handler))
    if unsafe or upgrade:
        _check_origin(request)
    public = route in PUBLIC or request.match_info.http_exception is not None
    session_token = request.cookies.get(SESSION_COOKIE, "")
    if route in MONITORED and _monitoring(request):
        return await handler(request)
    if not public:
        session = await services(request).staff.session(session_token)
        if session is None:
            raise NotAuthenticated("log in first")
        keep_session(request, session)
        with reading(in_zone(session.user.organisation.zone(services(request).settings.zone))):
            return await _admitted(request, handler, session)
    with acting_from(client_address(request)):
        return await handler(request)


async def _admitted(request: web.Request, handler: Handler, session: Session) -> web.StreamResponse:
    """Let a session do what its user may. What he reads is in the time zone of his organisation (domain 2.5 h)."""
    route = route_of(request)
    if request.method not in SAFE:
        await _check_csrf(request, session.csrf)
    try:
        require_access(request.method, route, session.user)
    except Forbidden:
        with acting_from(client_address(request)):
            await services(request).staff.note_refusal(session.user, f"{request.method} {route}")
        raise
    if session.user.password_temporary and route not in WITH_TEMPORARY_PASSWORD:
        raise Forbidden("the temporary password must be changed first", error_id="password-temporary")
    with acting_from(client_address(request)), about(user=str(session.user.id)):
        return await handler(request)


def _check_size(request: web.Request, route: str) -> None:
    limit = FILE_LIMITS.get(route) or BODY_LIMITS.get(route, BODY_LIMIT)
    length = request.content_length
    if length is None and request.can_read_body:
        raise LengthRequired("the request has a body of unknown length")
    if length is not None and length > limit:
        raise TooLarge("the request is too large", details={"limit_bytes": limit})


def _check_origin(request: web.Request) -> None:
    """Compare ``Origin`` (RFC 6454) with the address that browsers use. Browsers send it and pages cannot forge it."""
    origin = request.headers.get("Origin", "")
    if origin != origin_of(services(request).settings.public_url):
        raise Forbidden("the request came from another site", error_id="foreign-origin")


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL as browsers write them in ``Origin``: no default port, lower case."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" if parts.port in {None, default} else f"{parts.scheme}://{host}:{parts.port}"


async def _check_csrf(request: web.Request, expected: str) -> None:
    given = request.headers.get("X-CSRF-Token")
    if given is None and request.content_type == FORM:
        given = (await form_fields(request)).get("csrf_token")
    if not hmac.compare_digest((given or "").encode(), expected.encode()):
        raise Forbidden("the token of the page does not fit the session", error_id="bad-csrf-token")


def _monitoring(request: web.Request) -> bool:
    token = services(request).settings.monitoring_token.get_secret_value()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal ``on_response_prepare``: the same headers on every answer, WebSockets and files included."""
    headers = response.headers
    # A file that is shown in a frame brings a stricter policy of its own.
    headers.setdefault(
        "Content-Security-Policy",
        content_security_policy(services(request).settings.public_url, style_nonce(request)),
    )
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("X-Frame-Options", "DENY")
    # Not "no-referrer": browsers would then send "Origin: null" with our own forms.
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"
    headers["X-Request-Id"] = request_id_of(request)
    if services(request).settings.public_url.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    # A built file's address changes with its content, so it may be kept for ever; nothing else may be kept at all.
    hashed = "v" in request.query or _HASHED.search(request.path) is not None
    built = route_of(request) == PREFIX and hashed and response.status in {200, 206, 304}
    headers.setdefault("Cache-Control", "public, max-age=31536000, immutable" if built else "no-store")


def content_security_policy(public_url: str, nonce: str) -> str:
    """Return the policy: everything from our own origin, nothing inline, nobody may frame us.

    ``data:`` images are Tabler's form controls; the WebSocket is named because older browsers do not read it into
    ``'self'``; frames show attached files; ``blob:`` media is the player of recordings and the ring tone. The nonce is
    for the wave's shadow tree.
    """
    websocket = origin_of(public_url).replace("http", "ws", 1)
    return "; ".join((
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:",
        "font-src 'self'",
        f"connect-src 'self' {websocket}",
        "media-src 'self' blob:",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ))  # fmt: skip
