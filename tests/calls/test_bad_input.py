"""Bad input against the whole running service, in the middle of a call: a clear answer each time, and nothing is lost.

Between Asterisk and the service lies a wire that puts bytes of our own into AMI. A citizen talks with op101, whose
draft lies on the server; op102 is who sends what no browser of ours would send. After every case the call must still be
up and the draft as it was; the last test hangs up and looks for the call in the journal.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from hotline.db import Database
from hotline.softphone import sip
from hotline.softphone.headless_call import HeadlessCall
from hotline.softphone.model import CloseCode
from hotline.stand.postgres import PrivateCluster
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.browser.desk import PASSWORD
from tests.house import House
from tests.operators import Operator, operator

pytestmark = pytest.mark.calls

CITIZEN_HZ = 440
CONTENT = "Щербакова спрашивает о полисе."
MESSAGE_END = b"\r\n\r\n"


@dataclass
class DirtyWire:
    """Forwards AMI; ``dirt`` goes to the service between two messages of Asterisk."""

    upstream: int
    port: int = 0
    to_service: asyncio.StreamWriter | None = None

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asterisk, to_asterisk = await asyncio.open_connection("127.0.0.1", self.upstream, limit=1 << 22)
        self.to_service = writer

        async def there() -> None:
            while data := await reader.read(65_536):
                to_asterisk.write(data)

        async def back() -> None:
            with suppress(asyncio.IncompleteReadError):
                while True:
                    writer.write(await asterisk.readuntil(MESSAGE_END))  # whole messages: dirt comes between them

        tasks = [asyncio.create_task(there()), asyncio.create_task(back())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            to_asterisk.close()
            writer.close()

    def dirt(self, data: bytes) -> None:
        assert self.to_service is not None
        self.to_service.write(data)


@dataclass
class DirtyHouse(House):
    """A service whose AMI comes over the dirty wire."""

    ami_port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        clean = str(self.stand.asterisk.settings.ami_port)
        found = super().environment
        return found | {"HOTLINE_ASTERISKS": found["HOTLINE_ASTERISKS"].replace(clean, str(self.ami_port))}


@dataclass
class Talk:
    """A call that goes on, and whoever disturbs it."""

    house: DirtyHouse
    wire: DirtyWire
    db: Database
    first: Operator
    second: Operator
    call: HeadlessCall
    key: str
    draft: int

    async def link(self) -> dict[str, Any]:
        async with self.first.http.get("/status") as answer:
            body = await answer.json()
        assert body["ok"], body
        found: dict[str, Any] = body["links"][self.house.stand.asterisk.settings.name]
        return found

    async def whole(self) -> None:
        """Nothing was lost: the two still hear each other, the service knows the call, the draft is as it was."""
        await self.call.meter.wait_for_tone(CITIZEN_HZ)
        await self.kept()

    async def kept(self) -> None:
        """The service knows the call, the draft is as it was."""
        assert (await self.link())["calls"] == 1
        async with self.db.begin() as session:
            fields = await session.scalar(text("SELECT fields FROM draft WHERE id = :id"), {"id": self.draft})
        assert fields["content"] == CONTENT


@pytest.fixture(scope="module")
async def talk(stand: Stand, pg_cluster: PrivateCluster, demo_template: str) -> AsyncIterator[Talk]:
    async with AsyncExitStack() as stack:
        url = await pg_cluster.create_database("bad_input", template=demo_template)
        db = Database.connect(url)
        stack.push_async_callback(db.close)
        wire = DirtyWire(stand.asterisk.settings.ami_port)
        server = await asyncio.start_server(wire.connected, "127.0.0.1", 0)
        stack.callback(server.close)
        house = DirtyHouse(stand, url, ami_port=server.sockets[0].getsockname()[1])
        stack.push_async_callback(house.stop)
        await house.start()
        first = await stack.enter_async_context(operator(house.url, "op101", password=PASSWORD))
        second = await stack.enter_async_context(operator(house.url, "op102", password=PASSWORD))
        await first.start_work()
        await stack.enter_async_context(citizen_calls(stand.asterisk, sound=float(CITIZEN_HZ), hold_s=300))
        call = await first.phone.next_call(within=30)
        await call.answer()
        key = call.header("x-call-id")
        assert key is not None
        draft = await make_draft(first, key)
        yield Talk(house, wire, db, first, second, call, key, draft)


async def make_draft(who: Operator, key: str) -> int:
    async with who.http.get(f"/calls/{key}/card", headers={"Accept": "text/html"}) as answer:
        page = await answer.text()
        assert answer.status == 200, page
    draft = int(page.partition("/api/drafts/")[2].partition('"')[0])
    body = {"rev": 0, "call_key": key, "fields": {"content": CONTENT}}
    async with who.http.put(f"/api/drafts/{draft}", json=body) as answer:
        assert answer.status == 200, await answer.text()
    return draft


# --- AMI ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dirt", "unreadable"),
    [
        pytest.param(b"\x00\xff\xfe no header at all\r\n\r\n", 1, id="no header"),
        pytest.param(b"Event: UserEvent\r\nUserEvent: X\r\nText: \xff\xfe\xd0\r\n\r\n", 0, id="no UTF-8"),
        pytest.param(b"Event: Hangup\r\nCause: ninety\r\n\r\n", 0, id="event without its headers"),
        pytest.param(b"Event: UserEvent\r\nText: " + b"x" * 1_000_000 + b"\r\n\r\n", 1, id="a message of 1 MB"),
        pytest.param(b"Response: Success\r\nActionID: nobody-asked\r\n\r\n", 0, id="an answer to nothing"),
        pytest.param(b"\r\n\r\n\r\n\r\n", 0, id="empty lines"),
    ],
)
async def test_broken_ami_bytes_are_counted_and_skipped(talk: Talk, dirt: bytes, unreadable: int) -> None:
    before = await talk.link()
    talk.wire.dirt(dirt)
    # Asterisk's answers to these come behind the dirt: once they are here, all of it was read.
    await talk.second.start_work()
    await talk.second.post("/api/operator/stop")
    after = await talk.link()
    assert after["unreadable"] - before["unreadable"] >= unreadable
    assert (after["losses"], after["state"]) == (before["losses"], "up")
    await talk.whole()


# --- SIP ------------------------------------------------------------------------------------------------------------


def message(method: str = "OPTIONS", sender: str = "102") -> str:
    headers = (
        ("via", "SIP/2.0/WS a.invalid;branch=z9hG4bKbad"),
        ("max-forwards", "70"),
        ("from", f"<sip:{sender}@hotline.invalid>;tag=t"),
        ("to", "<sip:101@hotline.invalid>"),
        ("call-id", "bad-input"),
        ("cseq", f"1 {method}"),
        ("contact", f"<sip:{sender}@a.invalid;transport=ws>"),
    )
    return sip.SipMessage(method, "sip:101@hotline.invalid", None, "", headers).text()


@asynccontextmanager
async def intruder(talk: Talk, **headers: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A second SIP connection of op102's session, which sends what we like."""
    sent = {"Origin": talk.house.url} | headers
    async with talk.second.http.ws_connect("/sip", protocols=("sip",), headers=sent, max_msg_size=0) as ws:
        yield ws


@pytest.mark.parametrize(
    ("sent", "code", "reason"),
    [
        pytest.param("x" * (sip.MAX_BYTES + 1), CloseCode.TOO_BIG, "", id="oversized"),
        pytest.param(
            "REGISTER sip:hotline.invalid SIP/2.0\r\n\r\n", CloseCode.POLICY, "missing-header", id="nobody's message"
        ),
        pytest.param(message().replace("\r\n", "\n"), CloseCode.POLICY, "", id="bare line feeds"),
        pytest.param(b"\x00\x01", CloseCode.UNSUPPORTED, "text-frames-only", id="binary"),
    ],
)
async def test_what_is_no_sip_message_ends_its_own_connection(
    talk: Talk, sent: str | bytes, code: CloseCode, reason: str
) -> None:
    async with intruder(talk) as ws:
        await (ws.send_bytes(sent) if isinstance(sent, bytes) else ws.send_str(sent))
        async with asyncio.timeout(10):
            closed = await ws.receive()
    assert closed.type is aiohttp.WSMsgType.CLOSE
    assert closed.data == code
    assert reason in str(closed.extra)
    await talk.whole()


@pytest.mark.parametrize(
    ("method", "sender", "status"),
    [
        pytest.param("REGISTER", "101", 403, id="register a colleague"),
        pytest.param("INVITE", "101", 403, id="call in a colleague's name"),
        pytest.param("BYE", "101", 403, id="end a colleague's call"),
        pytest.param("REFER", "102", 405, id="transfer past the service"),
        pytest.param("MESSAGE", "102", 405, id="a text message"),
    ],
)
async def test_foreign_sip_messages_are_refused(talk: Talk, method: str, sender: str, status: int) -> None:
    async with intruder(talk) as ws:
        await ws.send_str(message(method, sender))
        async with asyncio.timeout(10):
            answer = sip.parse(await ws.receive_str())
    assert (answer.status, answer.method) == (status, method)
    await talk.whole()


# --- HTTP -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/events", "/sip"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_websockets_of_a_foreign_page_are_refused(talk: Talk, path: str, origin: str) -> None:
    """The cookie is right, the Origin is not."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with talk.first.http.ws_connect(path, protocols=("sip",), headers={"Origin": origin}):
            pass
    assert refused.value.status == 403
    await talk.kept()


BIG = b"x" * 3_200_000
Send = Callable[[Talk], Awaitable[aiohttp.ClientResponse]]


def post(path: str, *, headers: dict[str, str] | None = None, **body: Any) -> Send:
    """A request with op101's own session. ``{key}`` is the call, ``{draft}`` his draft."""

    async def send(talk: Talk) -> aiohttp.ClientResponse:
        if body.get("data") is BIG:
            body["data"] = io.BytesIO(BIG)  # aiohttp warns of large bodies that are plain bytes
        address = path.format(key=talk.key, draft=talk.draft)
        method = "PUT" if path.startswith("/api/drafts") else "POST"
        return await talk.first.http.request(method, address, headers=headers, **body)

    return send


@pytest.mark.parametrize(
    ("send", "status", "error_id"),
    [
        pytest.param(
            post("/login", json={"login": "op101", "password": "guess"}), 401, "wrong-password", id="wrong password"
        ),
        pytest.param(
            post("/login", json={"login": "'; DROP TABLE staff_user; --", "password": "x" * 5000}),
            401, "wrong-password", id="no such user",
        ),
        pytest.param(
            post("/api/calls/{key}/hangup", json={}, headers={"Origin": "https://evil.example"}),
            403, "foreign-origin", id="a foreign page hangs up",
        ),
        pytest.param(
            post("/api/calls/{key}/hangup", json={}, headers={"X-CSRF-Token": "guess"}),
            403, "bad-csrf-token", id="a wrong token",
        ),
        pytest.param(post("/appeals", data={"draft_id": "{draft}"}), 400, "card-incomplete", id="an empty card"),
        pytest.param(
            post("/appeals", data=b"content=%ff%fe", headers={"Content-Type": "application/x-www-form-urlencoded"}),
            400, "card-incomplete", id="a form that is no UTF-8",
        ),
        pytest.param(
            post("/appeals", data=b"--x\r\n\r\n--x--", headers={"Content-Type": "multipart/form-data; boundary=x"}),
            400, "bad-form", id="a file",
        ),
        pytest.param(post("/api/drafts/{draft}", data=b"{"), 400, "bad-json", id="half a JSON"),
        pytest.param(
            post("/api/drafts/{draft}", json={"rev": 1, "call_key": "", "fields": {"content": "\x00"}}),
            400, "bad-input", id="a zero character",
        ),
        pytest.param(
            post("/api/drafts/{draft}", json={"rev": 0, "call_key": "", "fields": {"content": ""}}),
            409, "stale-draft", id="an old revision",
        ),
        pytest.param(
            post("/api/drafts/{draft}", data=BIG, headers={"Content-Type": "application/json"}),
            413, "too-large", id="a draft of 3.2 MB",
        ),
        pytest.param(post("/api/calls/{key}/consult", json={"extension": "101"}), 400, "bad-input", id="ask himself"),
        pytest.param(
            post("/api/calls/pbx1-1.1/hangup", json={}), 404, "no-such-call", id="a call that is not there"
        ),
    ],
)  # fmt: skip
async def test_malformed_requests_are_explained(talk: Talk, send: Send, status: int, error_id: str) -> None:
    async with await send(talk) as answer:
        body = await answer.json()
    assert (answer.status, body["error_id"]) == (status, error_id), body
    assert body["message"]
    await talk.kept()


async def test_in_the_end_the_call_is_in_the_journal_once(talk: Talk) -> None:
    await talk.call.hangup()
    await talk.house.logged("is over and in the journal")
    async with talk.db.begin() as session:
        calls = (await session.execute(text("SELECT key, outcome, recorded, talk_s FROM call"))).all()
        appeals = await session.scalar(text("SELECT count(*) FROM appeal"))
    assert [(row.key, row.outcome, row.recorded) for row in calls] == [(talk.key, "answered", True)]
    assert calls[0].talk_s > 1
    assert appeals == 0
    assert not [line for line in talk.house.log if "Traceback" in line]
