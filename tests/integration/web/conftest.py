"""The whole web application on the real database, over a real socket. Only Asterisk is away: no link is started."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from json import dumps, loads
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from pydantic import SecretStr

from hotline.clock import FakeClock
from hotline.config import AsteriskSettings, Settings
from hotline.cti.callstate import LiveCall, LiveLeg
from hotline.cti.model import Call, CallEvent, CallEventKind, Direction, Leg, LegRole, Outcome, Phase
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.tables_person import PersonPhoneRow, PersonRow
from hotline.profiles.loader import load_profile
from hotline.staff.model import NewUser
from hotline.staff.service import StaffService
from hotline.staff.tables import OrganisationRow
from hotline.stand.postgres import PrivateCluster
from hotline.web.app import make_app
from hotline.web.services import Services
from tests.integration.queue.recording import RecordingPort
from tests.integration.web.wiring import HASHER, wire

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
BORN = date(1961, 5, 4)
KEY = "pbx1-1763622000.1"
PASSWORD = "correct horse battery"
MONITORING_TOKEN = "monitoring-token"
SECRET_KEY = "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGU="
CALLER = "+79280001122"
PEOPLE = (
    ("anna", "Аннина", "op1", "101"),
    ("boris", "Борисов", "op1", "102"),
    ("vera", "Верина", "op2", "201"),
    ("boss", "Главный", "supervisor", "301"),
    ("admin", "Админов", "admin", None),
)


@pytest.fixture(scope="session")
async def web_template(pg_cluster: PrivateCluster, pg_template: str) -> str:
    """A database with the profile, a fund, its people and one insured person."""
    name = "web_template"
    database = Database.connect(await pg_cluster.create_database(name, template=pg_template))
    clock = FakeClock(NOW)
    await load_profile(database, "oms", clock)
    async with database.begin() as session:
        session.add(OrganisationRow(code="07", kind="tfoms", name="Территориальный фонд", short_name="ТФОМС"))
        person = PersonRow(
            last_name="Иванова", first_name="Мария", patronymic="Петровна", birth_date=BORN, source="manual"
        )
        session.add(person)
        await session.flush()
        session.add(PersonPhoneRow(person_id=person.id, e164=CALLER, raw=CALLER, kind="mobile"))
    staff = StaffService(database, clock, Settings(), hasher=HASHER)
    for login, surname, role, extension in PEOPLE:
        await staff.create_user(NewUser(login, PASSWORD, surname, "Имя", "07", (role,), "", extension))
    await database.close()
    return name


@asynccontextmanager
async def copied(cluster: PrivateCluster, template: str) -> AsyncIterator[Database]:
    """A pool on a copy of the prepared database."""
    name = f"web_{uuid.uuid4().hex[:12]}"
    database = Database.connect(await cluster.create_database(name, template=template), pool_size=4)
    yield database
    await database.close()
    await cluster.drop_database(name)


@dataclass(frozen=True)
class Site:
    """The running application and what stands behind it."""

    url: str
    services: Services
    clock: FakeClock
    bus: Bus
    queue: RecordingPort
    recording_dir: Path

    def ring(self, extension: str = "101", *, key: str = KEY) -> Call:
        """A citizen's call goes live and rings at an operator, as the link would report it."""
        call = ringing_call(extension, key=key)
        live = LiveCall(
            key, "pbx1", call.direction, call.caller, call.dialled, call.started_at, published=True, phase=call.phase,
            queue=call.queue, queued_at=call.queued_at, offered_at=call.offered_at, ringing=[extension],
        )  # fmt: skip
        for leg in call.legs:
            live.legs[leg.uniqueid] = LiveLeg(leg.uniqueid, leg.channel, leg.extension, leg.role, leg.started_at)
        self.services.cti["pbx1"].tracker.adopt(live)
        self.bus.publish(event(CallEventKind.OFFERED, call, extension))
        return call

    @asynccontextmanager
    async def visit(self, **headers: str) -> AsyncIterator[Browser]:
        """Open a browser without a session."""
        jar = aiohttp.CookieJar(unsafe=True)  # cookies for an IP address
        async with aiohttp.ClientSession(self.url, cookie_jar=jar, timeout=aiohttp.ClientTimeout(20)) as http:
            yield Browser(self, http, headers)

    @asynccontextmanager
    async def logged_in(self, login: str = "anna", **headers: str) -> AsyncIterator[Browser]:
        """Open a browser with a session."""
        async with self.visit(**headers) as browser:
            await browser.log_in(login)
            yield browser


@dataclass
class Browser:
    """What a browser does of itself: cookies, Origin, the page's token."""

    site: Site
    http: aiohttp.ClientSession
    headers: Mapping[str, str]
    csrf: str = ""

    async def log_in(self, login: str, password: str = PASSWORD) -> None:
        answer = await self.send(
            "POST", "/login", json={"login": login, "password": password}, accept="application/json"
        )
        assert answer.status == 200, answer.text
        self.csrf = answer.json()["csrf"]

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        form: Mapping[str, str] | None = None,
        accept: str = "text/html",
        extra: Mapping[str, str | None] | None = None,
        **headers: str | None,
    ) -> Answer:
        """Send a request as our own page would. A header given as ``None`` is left out; ``_`` stands for ``-``."""
        sent = {"Accept": accept, **self.headers}
        if method not in {"GET", "HEAD"}:
            sent |= {"Origin": self.site.url, "X-CSRF-Token": self.csrf}
        for name, value in {**(extra or {}), **headers}.items():
            sent.pop(header := name.replace("_", "-"), None)
            if value is not None:
                sent[header] = value
        data = None
        if json is not None:
            sent["Content-Type"], data = "application/json", BytesIO(dumps(json).encode())
        elif form is not None:
            sent["Content-Type"], data = "application/x-www-form-urlencoded", BytesIO(urlencode(form).encode())
        async with self.http.request(method, path, headers=sent, allow_redirects=False, data=data) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **headers: str | None) -> Answer:
        return await self.send("GET", path, extra=headers)

    async def fragment(self, path: str) -> Answer:
        return await self.send("GET", path, HX_Request="true")

    async def api(self, method: str, path: str, body: object = None, **headers: str | None) -> Answer:
        sent = {} if body is None else body
        return await self.send(method, path, json=sent, accept="application/json", extra=headers)

    @asynccontextmanager
    async def events(self) -> AsyncIterator[EventStream]:
        """Connect to the push hub."""
        async with self.http.ws_connect("/events", headers={"Origin": self.site.url}) as websocket:
            yield EventStream(websocket)


@dataclass(frozen=True)
class Answer:
    """A response that was read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return loads(self.body)


@dataclass(frozen=True)
class EventStream:
    """The browser's end of ``/events``."""

    websocket: aiohttp.ClientWebSocketResponse

    async def next(self, *kinds: str) -> Any:
        """Return the data of the next message, of one of ``kinds`` when any are given."""
        async with asyncio.timeout(5):
            while True:
                message = await self.websocket.receive()
                assert message.type is aiohttp.WSMsgType.TEXT, message
                received = loads(message.data)
                if not kinds or received["type"] in kinds:
                    return received["data"]

    async def say(self, text: str) -> None:
        """Send one message as the page's script would."""
        await self.websocket.send_str(text)

    async def closed_with(self) -> int | None:
        """Read until the server closes; return its code."""
        async with asyncio.timeout(5):
            while not self.websocket.closed:
                await self.websocket.receive()
        return self.websocket.close_code


@pytest.fixture
async def site(pg_cluster: PrivateCluster, web_template: str, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Site]:
    """The application, with a database of this test's own."""
    async with copied(pg_cluster, web_template) as database, served(database, clock, tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
async def shared_site(
    pg_cluster: PrivateCluster, web_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """One application for all tests that change nothing but sessions."""
    folder = tmp_path_factory.mktemp("shared")
    async with copied(pg_cluster, web_template) as database, served(database, FakeClock(NOW), folder) as running:
        yield running


@asynccontextmanager
async def served(
    database: Database, clock: FakeClock, folder: Path, changes: Mapping[str, object] | None = None
) -> AsyncIterator[Site]:
    """Serve the application on a port of its own.

    :param changes: settings that differ from those of the other tests.
    """
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    recordings = folder / "recordings"
    recordings.mkdir()
    # Nothing listens on these ports: the telephony is down all the time, which the web part must survive.
    asterisk = AsteriskSettings(ami_port=unused_port(), recording_dir=recordings, log_dir=folder)
    asterisk = asterisk.model_copy(update={"http_url": f"http://127.0.0.1:{unused_port()}"})
    settings = Settings(
        public_url=url,
        asterisks=[asterisk],
        organisation="07",
        monitoring_token=SecretStr(MONITORING_TOKEN),
        attachment_dir=folder / "files",
        register_dir=folder / "register",
        attachment_mb=1,
        second_factor_rights=[],
        secret_keys=[SecretStr(SECRET_KEY)],
    )
    settings = settings.model_copy(update=changes or {})
    bus = Bus()
    queue = RecordingPort()
    async with aiohttp.ClientSession() as http:
        services = wire(settings, database, bus, clock, queue, http)
        await services.desk.start()
        await services.board.start()
        await services.supervision.start()
        server = TestServer(make_app(services), port=port)
        await server.start_server(access_log=None)
        yield Site(url, services, clock, bus, queue, recordings)
        await server.close()
        await services.supervision.close()
        await services.board.close()
        await services.desk.close()
        await services.sip.close()
        await bus.close()


def routes(app: web.Application, number: str) -> list[tuple[str, str, str]]:
    """Return method, pattern and an address of every route; ids are ``number``, the rest what the pattern takes."""
    found = []
    for route in app.router.routes():
        resource = route.resource
        if resource is None or route.method == "HEAD":
            continue
        info, pattern = resource.get_info(), resource.canonical
        samples = [pattern]
        if "formatter" in info:
            samples = [re.sub(r"\{\w+\}", value, pattern) for value in (number, KEY, "x")]
            samples += [re.sub(r"\{(?!id\b)\w+\}", "x", pattern).replace("{id}", number)]
            samples = [path for path in samples if info["pattern"].fullmatch(path)]
        assert samples, f"no address of {pattern} is known to this test"
        key = [path for path in samples if KEY in path] if "{key}" in pattern else samples
        found.append((route.method, pattern, key[0]))
    return found


def ringing_call(extension: str = "101", *, key: str = KEY) -> Call:
    """A citizen's call that rings at an operator."""
    return Call(
        key=key,
        asterisk="pbx1",
        direction=Direction.IN,
        phase=Phase.RINGING,
        caller=CALLER,
        dialled="112",
        started_at=NOW,
        queue="hotline",
        queued_at=NOW + timedelta(seconds=5),
        offered_at=NOW + timedelta(seconds=15),
        ringing=(extension,),
        legs=(
            Leg(key, "PJSIP/trunk-00000001", LegRole.CALLER, None, NOW),
            Leg(f"{key}2", f"PJSIP/{extension}-00000002", LegRole.AGENT, extension, NOW + timedelta(seconds=15)),
        ),
    )


def ended_call(extension: str = "101", *, key: str = KEY, recorded: bool = False) -> Call:
    """The same call, answered after 20 s and over after two minutes of talk."""
    return replace(
        ringing_call(extension, key=key),
        phase=Phase.ENDED,
        ringing=(),
        answered_at=NOW + timedelta(seconds=25),
        ended_at=NOW + timedelta(seconds=145),
        operator=extension,
        outcome=Outcome.ANSWERED,
        recorded=recorded,
    )


def card_fields(**changes: str) -> dict[str, str]:
    """The fields of a complete card."""
    fields = {
        "type": "2",
        "topic": "2.01",
        "channel": "K01",
        "source": "I01",
        "applicant_last_name": "Иванова",
        "applicant_first_name": "Мария",
        "applicant_phone": CALLER,
        "same_person": "1",
        "content": "Как получить полис?",
    }
    return {**fields, **changes}


def event(kind: CallEventKind, call: Call, extension: str | None = None) -> CallEvent:
    """A fact about a call, as ``cti`` publishes it."""
    return CallEvent(kind, call, NOW, extension)
