"""A logged-in user without a browser: the same log-in, the same API, the same telephone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from hotline.errors import BadInput, Conflict, HotlineError, NotAuthenticated, NotFound, Unavailable
from hotline.softphone.headless import HeadlessPhone
from hotline.softphone.model import SoftphoneAccount

TIMEOUT_S = 15.0
AGAIN_S = 0.25
"""Between attempts while the service is away or the state has not followed yet."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the hotline who is simulated."""

    login: str
    password: str

    def __repr__(self) -> str:
        """Never show the password."""
        return f"Person({self.login!r})"


def read_people(text: str) -> tuple[Person, ...]:
    """Read lines ``login password``; empty lines and ``#`` comments are ignored.

    :raises BadInput: a line without a password, or a login twice; the message has its number.
    """
    people: dict[str, Person] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(maxsplit=1)
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[0] in people:
            raise BadInput(f"line {number}: 'login password' is wanted, each login once", error_id="bad-people")
        people[words[0]] = Person(words[0], words[1].strip())
    return tuple(people.values())


class Session:
    """The cookie, the token and the address."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url

    async def post(self, path: str, body: object = None) -> dict[str, Any]:
        """Call the API.

        :raises Conflict: the state forbids it (409).
        :raises NotAuthenticated: the session is over (401).
        :raises NotFound: there is no such thing (404).
        :raises Unavailable: any other refusal, or the service does not answer.
        """
        return await self._call("POST", path, json=body if body is not None else {})

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read JSON; raises as :meth:`post` does."""
        return await self._call("GET", path, params=query)

    async def get_bytes(self, path: str) -> bytes:
        """Read a file; raises :class:`Unavailable` when it is not given."""
        try:
            async with self.http.get(path) as answer:
                if answer.status != 200:
                    raise Unavailable(f"{path}: HTTP {answer.status}")
                return await answer.read()
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Unavailable(f"{path}: {error!r}") from error

    async def post_form(self, path: str, **fields: str) -> None:
        """Send a form as a page does; raises :class:`Unavailable` when it is refused."""
        try:
            async with self.http.post(path, data=fields) as answer:
                if answer.status >= 400:
                    raise Unavailable(await _message(answer))
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Unavailable(f"{path}: {error!r}") from error

    async def post_until(self, path: str, body: object = None, *, within_s: float) -> dict[str, Any]:
        """Repeat a harmless request until it succeeds: the service may be away, its state may lag behind a BYE.

        :raises TimeoutError: it did not succeed in time; the message says why.
        """
        why: HotlineError | None = None
        try:
            async with asyncio.timeout(within_s):
                while True:
                    try:
                        return await self.post(path, body)
                    except (Unavailable, Conflict) as error:
                        why = error
                    await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            raise TimeoutError(f"{path} within {within_s:g} s: {why.message if why else 'no answer'}") from None

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            async with self.http.request(method, path, **options) as answer:
                if answer.status == 200:
                    data: dict[str, Any] = await answer.json()
                    return data
                message = await _message(answer)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Unavailable(f"{path}: {error!r}") from error
        if answer.status == 409:
            raise Conflict(message)
        if answer.status == 401:
            raise NotAuthenticated(message)
        if answer.status == 404:
            raise NotFound(message)
        raise Unavailable(message)


async def _message(answer: aiohttp.ClientResponse) -> str:
    if answer.content_type != "application/json":
        return f"{answer.url.path}: HTTP {answer.status}"
    body = await answer.json()
    return f"{answer.url.path}: {answer.status} {body.get('error_id', '')}: {body.get('message', '')}"


@asynccontextmanager
async def session(url: str, person: Person) -> AsyncIterator[Session]:
    """Log in, and out at the end.

    :raises NotAuthenticated: wrong login or password.
    :raises Unavailable: the service does not answer.
    """
    jar = aiohttp.CookieJar(unsafe=True)  # the service may be addressed by IP
    headers = {"Origin": url, "Accept": "application/json"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(url, cookie_jar=jar, headers=headers, timeout=timeout) as http:
        its = Session(http, url)
        answer = await its.post("/login", {"login": person.login, "password": person.password})
        http.headers["X-CSRF-Token"] = str(answer["csrf"])
        yield its
        with suppress(HotlineError):  # the service may be away by now: its sessions end by themselves
            await its.post("/logout")


@asynccontextmanager
async def telephone(its: Session, login: str, *, tone_hz: int) -> AsyncIterator[HeadlessPhone]:
    """Connect the telephone of a session.

    :raises Unavailable: no account was given, or the telephone could not register.
    """
    data = await its.get("/api/softphone")
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in its.http.cookie_jar)
    account = SoftphoneAccount(data["extension"], data["uri"], data["password"], login)
    headers = {"Cookie": cookies}
    async with HeadlessPhone(account, data["ws"], headers=headers, origin=its.url, tone_hz=tone_hz) as phone:
        yield phone
