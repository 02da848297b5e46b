"""What the doctor asks around the service: public address, relay, mail server, virus scanner, backups."""

from __future__ import annotations

import asyncio
import secrets
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from hotline.backup import files
from hotline.backup.files import Failure
from hotline.clock import Clock
from hotline.config import Settings
from hotline.stand.finding import LIMIT_S, Row, Wrong

CERTIFICATE_DAYS = 14
_STUN = b"\x00\x01\x00\x00\x21\x12\xa4\x42"  # RFC 8489: a binding request without attributes, and the magic cookie
_STUN_ANSWER = b"\x01\x01"


def rows(settings: Settings, clock: Clock) -> list[Row]:
    """Return the checks of what the settings name; what they do not name is not asked."""
    found: list[Row] = []
    url = settings.public_url
    if not _here(url):
        proxy = "let the reverse proxy pass Upgrade, Connection, Origin and Host on (docs/operations.md, TLS)"
        found.append(("public address", lambda: websocket(url), f"check HOTLINE_PUBLIC_URL; {proxy}"))
        found.append(
            (
                "certificate",
                lambda: certificate(url, clock),
                "renew it; of a CA of one's own: SSL_CERT_FILE names its root",
            )
        )
    for relay in settings.turn_urls:
        cure = "docker compose --profile turn up -d; open its port in the firewall; check HOTLINE_TURN_URLS"
        found.append((f"relay {relay}", partial(turn, relay), cure))
    if settings.smtp_host:
        found.append(("mail server", lambda: smtp(settings), "check HOTLINE_SMTP_…: no letters about alarms are sent"))
    if settings.clamd:
        found.append(
            ("virus scanner", lambda: clamd(settings.clamd), "systemctl start clamav-daemon; check HOTLINE_CLAMD")
        )
    folder = settings.backup_dir
    if folder is not None:
        age = timedelta(hours=settings.backup_max_age_h)
        found.append(("backup", lambda: backup(folder, age, clock), f"hotline backup {folder}, daily (docs/backup.md)"))
    return found


async def websocket(url: str) -> str:
    """See that the service answers there, and that WebSockets reach it.

    Nobody is logged in: of a handshake from another site it says so (403), but only when it sees that it is one. The
    same from our own site lacks a session (401).
    """
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "aG90bGluZS1kb2N0b3ItMQ==",
        "Accept": "application/json",
    }
    said: list[int] = []
    hsts: str | None = None
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(LIMIT_S)) as http:
        for origin in ("https://doctor.invalid", _origin(url)):
            async with http.get(f"{url.rstrip('/')}/events", headers={**handshake, "Origin": origin}) as answer:
                if "X-Request-Id" not in answer.headers:
                    raise Wrong(f"something else answers there: HTTP status {answer.status}")
                said.append(answer.status)
                hsts = answer.headers.get("Strict-Transport-Security")
    if said[0] == 401:
        raise Wrong("WebSockets do not come through: the proxy drops Upgrade")
    if said != [403, 401]:
        raise Wrong(f"the service does not take {_origin(url)} for its own address (HTTP status {said[1]})")
    if url.startswith("https:") and not hsts:
        raise Wrong("the answers lack Strict-Transport-Security: HOTLINE_PUBLIC_URL of the service is another one")
    return "answers, and WebSockets come through"


async def certificate(url: str, clock: Clock) -> str:
    """Look at the certificate with the eyes of a browser, and how long it is good for."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise Wrong("it is not https: browsers give no microphone to such an address")
    context = ssl.create_default_context()
    try:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=context)
    except ssl.SSLCertVerificationError as error:
        raise Wrong(f"browsers refuse it: {error.verify_message}") from error
    try:
        its = writer.get_extra_info("peercert")
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(its["notAfter"]), UTC)
    days = (ends - clock.now()).days
    if days < CERTIFICATE_DAYS:
        raise Wrong(f"it ends in {days} days, on {ends:%Y-%m-%d}")
    return f"good for {days} days"


async def turn(relay: str) -> str:
    """Ask a relay for our own address (RFC 8489): it answers without a password."""
    scheme, _, rest = relay.partition(":")
    place, _, query = rest.partition("?")
    host, _, port = place.partition(":")
    number = int(port or (5349 if scheme == "turns" else 3478))
    request = _STUN + secrets.token_bytes(12)
    if "transport=tcp" in query or scheme == "turns":
        context = ssl.create_default_context() if scheme == "turns" else None
        reader, writer = await asyncio.open_connection(host, number, ssl=context)
        try:
            writer.write(request)
            answer = await reader.readexactly(20)
        finally:
            writer.close()
    else:
        answer = await _by_udp(host, number, request)
    if answer[:2] != _STUN_ANSWER or answer[4:20] != request[4:20]:
        raise Wrong("what answers there is no relay")
    return "answers"


async def smtp(settings: Settings) -> str:
    """Log in at the mail server and send nothing."""

    def attempt() -> str:
        kind = smtplib.SMTP_SSL if settings.smtp_security == "tls" else smtplib.SMTP
        with kind(settings.smtp_host, settings.smtp_port, timeout=LIMIT_S - 1) as server:
            if settings.smtp_security == "starttls":
                server.starttls()
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            code, _ = server.noop()
            return f"answers {code}"

    try:
        return await asyncio.to_thread(attempt)
    except smtplib.SMTPException as error:
        raise Wrong(f"{type(error).__name__}: {str(error)[:200]}") from error


async def clamd(address: str) -> str:
    """Ask the scanner whether it is there (clamd(8): PING)."""
    kind, _, place = address.partition(":")
    if kind == "unix":
        reader, writer = await asyncio.open_unix_connection(place)
    else:
        host, _, port = place.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"zPING\0")
        answer = await reader.readuntil(b"\0")
    finally:
        writer.close()
    if answer != b"PONG\0":
        raise Wrong(f"it is no clamd: {answer[:40]!r}")
    return "answers"


async def backup(folder: Path, age: timedelta, clock: Clock) -> str:
    """Look at the newest backup: how old it is, and what was wrong when it was made."""

    def look() -> str:
        known = files.backups(folder)
        if not known:
            raise Wrong(f"there is none in {folder}")
        try:
            newest = files.manifest_of(folder, known[-1])
        except Failure as error:
            raise Wrong(str(error)) from error
        hours = (clock.now() - newest.made_at) / timedelta(hours=1)
        if hours > age / timedelta(hours=1):
            raise Wrong(f"the newest is {hours:.0f} hours old")
        if newest.faults:
            raise Wrong(f"the newest lacks {len(newest.faults)} files that the system has lost: {newest.faults[0]}")
        return f"the newest is {hours:.0f} hours old, {newest.size / 1e6:.0f} MB"

    return await asyncio.to_thread(look)


async def _by_udp(host: str, port: int, request: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    with socket.socket(found[0][0], socket.SOCK_DGRAM) as wire:
        wire.settimeout(0)
        await loop.sock_connect(wire, found[0][4])
        for _ in range(3):  # UDP may lose it
            await loop.sock_sendall(wire, request)
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    return await loop.sock_recv(wire, 1024)
    raise TimeoutError


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _here(url: str) -> bool:
    """Tell whether an address is of this machine alone: then no proxy stands before it."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"
