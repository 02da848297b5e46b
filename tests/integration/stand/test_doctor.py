"""Each check of ``hotline doctor`` finds what it looks for (issue 6: "doctor covers all")."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import cast

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from hotline.backup import files
from hotline.backup.manifest import NAME, Manifest, write
from hotline.clock import FakeClock, SystemClock
from hotline.config import AsteriskSettings, Settings
from hotline.db import Database
from hotline.stand import checks_database, checks_outside, doctor
from hotline.stand.finding import Wrong
from hotline.stand.postgres import PrivateCluster


async def run(db: Database, *statements: str) -> None:
    async with db.begin() as session:
        for one in statements:
            await (await session.connection()).exec_driver_sql(one)


async def test_a_new_installation_has_nothing_wrong_in_its_database(own_db_url: str) -> None:
    for name, check, cure in checks_database.rows(own_db_url, SystemClock()):
        assert await check(), name
        assert cure


async def test_the_clock_of_the_database(own_db_url: str) -> None:
    late = FakeClock(SystemClock().now() - timedelta(seconds=30))
    with pytest.raises(Wrong, match="apart"):
        await checks_database.skew(own_db_url, late)


async def test_a_database_that_does_not_know_russian(pg_cluster: PrivateCluster) -> None:
    url = await pg_cluster.create_database("plain")
    async with checks_connection(url) as connection:
        await connection.execute(
            "CREATE DATABASE plain_c TEMPLATE template0 LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    try:
        with pytest.raises(Wrong, match="«Ё»"):
            await checks_database.words(url.replace("/plain?", "/plain_c?"))
    finally:
        await pg_cluster.drop_database("plain_c")
        await pg_cluster.drop_database("plain")


@asynccontextmanager
async def checks_connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await checks_database.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_rules_of_sorting_that_changed_under_the_indexes(own_db_url: str, own_db: Database) -> None:
    await run(own_db, "UPDATE pg_database SET datcollversion = '1.0' WHERE datname = current_database()")
    with pytest.raises(Wrong, match="changed under the indexes"):
        await checks_database.words(own_db_url)


STUCK = {
    "indexes": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_call_open'::regclass",
        "not usable: ix_call_open",
    ),
    "background jobs": (
        "SET LOCAL search_path TO jobs;"
        "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, priority, args, status)"
        " VALUES ('recordings', 'x', 0, '{}', 'todo');"
        "UPDATE jobs.procrastinate_events SET at = now() - interval '1 hour'",
        "1 wait for longer than 15 minutes",
    ),
    "outbox": (
        "INSERT INTO outbox (kind, payload, created_at) VALUES ('x', '{}', now() - interval '1 hour')",
        "1 facts wait",
    ),
    "calls without an end": (
        "INSERT INTO call (key, asterisk, direction, phase, dialled, started_at)"
        " VALUES ('pbx1-1.1', 'pbx1', 'in', 'talking', '8800', now() - interval '7 hours')",
        "1 are older than 6 hours",
    ),
    "audit trail": (
        "CREATE TABLE audit_event_2020_01 PARTITION OF audit_event FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')",
        "no table audit_event_",
    ),
}


@pytest.mark.parametrize("name", STUCK)
async def test_what_is_stuck_or_broken_in_the_database(own_db_url: str, own_db: Database, name: str) -> None:
    statements, told = STUCK[name]
    await run(own_db, *statements.split(";"))
    check = {row[0]: row[1] for row in checks_database.rows(own_db_url, SystemClock())}[name]
    with pytest.raises(Wrong, match=told):
        await check()


def certified(folder: Path, days: float) -> Path:
    """A certificate of «localhost» by its own CA, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.mark.parametrize(
    ("days", "trusted", "told"), [(90, True, ""), (5, True, "ends in [45] days"), (90, False, "refuse")]
)
async def test_the_certificate_of_the_public_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, *, trusted: bool, told: str
) -> None:
    path = certified(tmp_path, days)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        if told:
            with pytest.raises(Wrong, match=told):
                await checks_outside.certificate(url, SystemClock())
        else:
            assert "good for 89 days" in await checks_outside.certificate(url, SystemClock())
    with pytest.raises(Wrong, match="no microphone"):
        await checks_outside.certificate("http://hotline.example.org", SystemClock())


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A TCP server that says one thing to whoever asks; ``TXID`` is what the asker's request ends with."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read(100)
        writer.write(answer.replace(b"TXID", asked[4:20]))
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_relay() -> None:
    async with answering(b"\x01\x01\x00\x00TXID") as port:
        assert await checks_outside.turn(f"turn:127.0.0.1:{port}?transport=tcp") == "answers"
    async with answering(b"HTTP/1.1 400 Bad Request\r\n") as port:
        with pytest.raises(Wrong, match="no relay"):
            await checks_outside.turn(f"turn:127.0.0.1:{port}?transport=tcp")


class Binding(asyncio.DatagramProtocol):
    """A relay that answers the second request: the first one is lost."""

    def __init__(self) -> None:
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.asked += 1
        if self.asked > 1:
            self.transport.sendto(b"\x01\x01\x00\x00" + data[4:20], address)


async def test_a_relay_by_udp() -> None:
    loop = asyncio.get_running_loop()
    transport, relay = await loop.create_datagram_endpoint(Binding, local_addr=("127.0.0.1", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        assert await checks_outside.turn(f"turn:127.0.0.1:{port}") == "answers"
        assert relay.asked >= 2
    finally:
        transport.close()


async def test_a_virus_scanner(tmp_path: Path) -> None:
    async with answering(b"PONG\0") as port:
        assert await checks_outside.clamd(f"tcp:127.0.0.1:{port}") == "answers"
    async with answering(b"what?\0") as port:
        with pytest.raises(Wrong, match="no clamd"):
            await checks_outside.clamd(f"tcp:127.0.0.1:{port}")
    with pytest.raises(OSError, match="No such file"):
        await checks_outside.clamd(f"unix:{tmp_path}/none.ctl")


async def test_a_mail_server() -> None:
    """The account that the settings name is refused."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ESMTP\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper()
            answers = {b"EHLO": b"250-mail\r\n250 AUTH PLAIN\r\n", b"AUTH": b"535 no\r\n", b"QUIT": b"221 bye\r\n"}
            writer.write(answers.get(word, b"250 ok\r\n"))
            if word == b"QUIT":
                writer.close()
                return

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        open_one = Settings(smtp_host="127.0.0.1", smtp_port=port)
        assert await checks_outside.smtp(open_one) == "answers 250"
        with pytest.raises(Wrong, match="SMTPAuthenticationError"):
            await checks_outside.smtp(
                open_one.model_copy(update={"smtp_user": "hotline", "smtp_password": SecretStr("x")})
            )


async def test_backups_that_are_missing_old_or_lack_something(tmp_path: Path, clock: FakeClock) -> None:
    day = timedelta(days=1)
    with pytest.raises(Wrong, match="there is none"):
        await checks_outside.backup(tmp_path, day, clock)
    for number, faults in enumerate(((), ("MISSING: recording x.opus",))):
        backup_id = f"2026112{number}T070000Z"
        (tmp_path / backup_id).mkdir()
        manifest = Manifest(backup_id, clock.now(), "0.1.0", "0001", "15", {}, 0, "", (), (), faults)
        files.put(tmp_path / backup_id / NAME, write(manifest))
        if not faults:
            assert "0 hours old" in await checks_outside.backup(tmp_path, day, clock)
    with pytest.raises(Wrong, match="lacks 1 files that the system has lost: MISSING"):
        await checks_outside.backup(tmp_path, day, clock)
    clock.advance(timedelta(hours=30))
    with pytest.raises(Wrong, match="30 hours old"):
        await checks_outside.backup(tmp_path, day, clock)
    (tmp_path / "20261121T070000Z" / NAME).write_text("{}")
    with pytest.raises(Wrong, match="manifest is cut"):
        await checks_outside.backup(tmp_path, day, clock)


async def test_the_clock_of_asterisk() -> None:
    async def ping(_: web.Request) -> web.Response:
        return web.json_response({}, headers={"Date": format_datetime(datetime(2026, 1, 1, tzinfo=UTC), usegmt=True)})

    app = web.Application()
    app.router.add_get("/ari/asterisk/ping", ping)
    async with TestServer(app) as server:
        one = AsteriskSettings.model_validate({"http_url": str(server.make_url("")).rstrip("/")})
        with pytest.raises(Wrong, match="apart"):
            await doctor._clock(one)


async def test_what_the_settings_name_is_asked_and_nothing_else(tmp_path: Path) -> None:
    def names(**settings: object) -> set[str]:
        return {name for name, _, _ in checks_outside.rows(Settings.model_validate(settings), SystemClock())}

    assert names() == set()
    assert names(public_url="https://localhost:8443") == set()
    everything = names(
        public_url="https://hotline.example.org", turn_urls=["turn:h:1"], turn_secret="x", smtp_host="mail",
        clamd="tcp:h:1", backup_dir=str(tmp_path),
    )  # fmt: skip
    assert everything == {"public address", "certificate", "relay turn:h:1", "mail server", "virus scanner", "backup"}


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        await doctor._room(tmp_path / "file")
    assert str(tmp_path) in await doctor._room(tmp_path / "made/later")
