"""Log in to the service like a browser and fetch the telephone's account: the headless phone's first two steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from hotline.errors import BadInput, Forbidden, NotAuthenticated, Unavailable
from hotline.softphone.headless import HeadlessPhone
from hotline.softphone.model import SoftphoneAccount

HTTP_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class Desk:
    """A logged-in session as seen from outside: what ``/sip`` wants to see."""

    account: SoftphoneAccount
    ws_url: str
    origin: str
    headers: Mapping[str, str]
    """The session cookie."""

    def phone(self, *, tone_hz: int, auto_answer: bool = False) -> HeadlessPhone:
        """Make this session's telephone; start it with ``async with``."""
        return HeadlessPhone(
            self.account,
            self.ws_url,
            headers=self.headers,
            origin=self.origin,
            tone_hz=tone_hz,
            auto_answer=auto_answer,
        )


async def log_in(url: str, login: str, password: str) -> Desk:
    """Open a session at the service under ``url`` and make a SIP account for it.

    :raises BadInput: ``url`` is not an http(s) address.
    :raises NotAuthenticated: wrong login or password.
    :raises Forbidden: the user has no internal number.
    :raises Unavailable: the service does not answer, or answers nonsense.
    """
    try:
        base = URL(url).origin()
    except ValueError as error:
        raise BadInput(f"{url!r} is not an http(s) address", details={"url": "http(s)://host[:port]"}) from error
    headers = {"Origin": str(base), "Accept": "application/json"}
    jar = aiohttp.CookieJar(unsafe=True)  # the service may be addressed by IP
    timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar, headers=headers, timeout=timeout) as http:
            async with http.post(base / "login", json={"login": login, "password": password}) as answer:
                await _expect_success(answer, "log in")
            async with http.get(base / "api" / "softphone") as answer:
                await _expect_success(answer, "get the softphone account")
                data = await answer.json()
            cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in jar.filter_cookies(base).values())
        account = SoftphoneAccount(str(data["extension"]), str(data["uri"]), str(data["password"]), login)
        ws_url = base.with_scheme("wss" if base.scheme == "https" else "ws").join(URL(str(data["ws"])))
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"the service at {base} does not answer: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable(f"the service at {base} answered something else than a softphone account") from error
    return Desk(account, str(ws_url), str(base), {"Cookie": cookies})


async def _expect_success(answer: aiohttp.ClientResponse, what: str) -> None:
    if answer.status < 300:
        return
    message = f"could not {what}: HTTP {answer.status}"
    if answer.content_type == "application/json":
        body = await answer.json()
        message = f"could not {what}: {body.get('message', answer.status)}"
    if answer.status == 401:
        raise NotAuthenticated(message)
    if answer.status == 403:
        raise Forbidden(message)
    raise Unavailable(message)
