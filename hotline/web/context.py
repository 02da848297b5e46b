"""What travels with the application and with every request, under typed keys."""

from __future__ import annotations

import hashlib
import secrets

from aiohttp import web

from hotline.errors import Forbidden, NotAuthenticated
from hotline.staff.model import Session, User
from hotline.web.board_news import BoardNews
from hotline.web.courier import CardCourier
from hotline.web.metrics import WebMetrics
from hotline.web.person_news import PersonNews
from hotline.web.push import PushHub
from hotline.web.services import Services

SERVICES: web.AppKey[Services] = web.AppKey("services", Services)
HUB: web.AppKey[PushHub] = web.AppKey("hub", PushHub)
COURIER: web.AppKey[CardCourier] = web.AppKey("courier", CardCourier)
BOARD: web.AppKey[BoardNews] = web.AppKey("board", BoardNews)
PERSON_NEWS: web.AppKey[PersonNews] = web.AppKey("person_news", PersonNews)
METRICS: web.AppKey[WebMetrics] = web.AppKey("metrics", WebMetrics)

SESSION_COOKIE = "hotline_session"

_SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
_NONCE_KEY = secrets.token_bytes(32)
_REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)


def services(request: web.Request) -> Services:
    """Return the services of the application that answers ``request``."""
    return request.app[SERVICES]


def keep_session(request: web.Request, session: Session) -> None:
    """Remember whose request this is."""
    request[_SESSION] = session


def session_of(request: web.Request) -> Session | None:
    """Return the session of the request, or ``None`` before the session middleware or on public addresses."""
    return request.get(_SESSION)


def require_session(request: web.Request) -> Session:
    """Return the session of the request.

    :raises NotAuthenticated: there is none.
    """
    session = session_of(request)
    if session is None:
        raise NotAuthenticated("log in first")
    return session


def current_user(request: web.Request) -> User:
    """Return who asks.

    :raises NotAuthenticated: there is no session.
    """
    return require_session(request).user


def require_right(request: web.Request, *rights: str) -> User:
    """Return who asks when he has any of ``rights``.

    :raises Forbidden: he has none of them.
    """
    user = current_user(request)
    if not any(user.may(right) for right in rights):
        raise Forbidden("this role may not do that", details={"needs": list(rights)})
    return user


def require_extension(request: web.Request) -> str:
    """Return the internal number of who asks.

    :raises Forbidden: he has none, so he has no telephone.
    """
    extension = current_user(request).extension
    if extension is None:
        raise Forbidden("this account has no internal number", error_id="no-extension")
    return extension


def keep_request_id(request: web.Request, request_id: str) -> None:
    """Remember the id that the log and the answer share."""
    request[_REQUEST_ID] = request_id


def request_id_of(request: web.Request) -> str:
    """Return the id that the log and the answer share."""
    found: str = request.get(_REQUEST_ID, "-")
    return found


def style_nonce(request: web.Request) -> str:
    """Return the nonce of this answer's Content-Security-Policy (CSP3 2.3.1), for the style of the drawn wave."""
    return hashlib.blake2b(request_id_of(request).encode(), key=_NONCE_KEY, digest_size=16).hexdigest()


def wants_json(request: web.Request) -> bool:
    """Tell whether an error should be JSON: the API, and whoever asks for JSON and not for a page."""
    if request.path.startswith("/api/"):
        return True
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


def is_fragment(request: web.Request) -> bool:
    """Tell whether htmx asks for the work area only."""
    return request.headers.get("HX-Request") == "true"


def client_address(request: web.Request) -> str:
    """Return the browser's address.

    Behind ``trusted_proxies`` proxies that is the entry that the outermost of them added to ``X-Forwarded-For``; what
    stands left of it was written by the client and proves nothing.
    """
    trusted = services(request).settings.trusted_proxies
    peer = request.remote or ""
    if trusted == 0:
        return peer
    chain = [part.strip() for value in request.headers.getall("X-Forwarded-For", []) for part in value.split(",")]
    return chain[-trusted] if len(chain) >= trusted else peer
