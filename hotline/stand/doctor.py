"""``hotline doctor``: what is wrong with an installation, and the cure for each finding."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
from alembic.script import ScriptDirectory

from hotline.clock import SystemClock
from hotline.config import AsteriskSettings, Settings
from hotline.migrations.fit import misfit
from hotline.stand import checks_database, checks_outside
from hotline.stand.asterisk_modules import MODULES
from hotline.stand.finding import LIMIT_S, Check, Finding, Row, Wrong
from hotline.stand.prompts import TEXTS

MIN_FREE_GB = 2.0
MAX_SKEW_S = 3.0
STATIC = Path(__file__).parents[1] / "web" / "static" / "build"
MIGRATIONS = Path(__file__).parents[1] / "migrations"


async def examine_environment() -> list[Finding]:
    """Examine the installation that the environment's settings describe."""
    try:
        settings = Settings()
    except ValueError as error:
        return [Finding("settings", ok=False, detail=str(error), cure="correct the HOTLINE_… variables")]
    return await examine(settings)


async def examine(settings: Settings) -> list[Finding]:
    """Run every check and return the findings in the order in which they should be mended."""
    return [await _run(name, check, cure) for name, check, cure in _checks(settings)]


def _checks(settings: Settings) -> list[Row]:
    url = settings.database_url.get_secret_value()
    checks: list[Row] = [
        ("host name", _host_name, "add «127.0.0.1 <host name>» to /etc/hosts: a dead DNS would freeze calls"),
        ("time zone", lambda: _time_zone(settings.time_zone), "apt-get install tzdata"),
        ("PostgreSQL", lambda: _postgres(url), "start PostgreSQL; check HOTLINE_DATABASE_URL"),
        ("migrations", lambda: _migrations(url), "hotline db upgrade"),
        (
            "profile",
            lambda: _count(url, "status", "no statuses of appeals"),
            f"hotline profile load {settings.profile}",
        ),
        ("users", lambda: _count(url, "staff_user WHERE active", "nobody can log in"), "hotline user add"),
        *checks_database.rows(url, SystemClock()),
        ("front-end", _front_end, "make build"),
        *checks_outside.rows(settings, SystemClock()),
        (
            "files of cards",
            lambda: _room(settings.attachment_dir),
            f"mkdir -p {settings.attachment_dir}; mind its owner",
        ),
        ("register", lambda: _room(settings.register_dir), f"mkdir -p {settings.register_dir}; mind its owner"),
    ]
    for one in settings.asterisks:
        checks += _asterisk_checks(one)
    return checks


def _asterisk_checks(one: AsteriskSettings) -> list[Row]:
    mark = f"Asterisk {one.name}: "
    http = "check HOTLINE_ASTERISKS http_url; http.conf must be enabled and reachable from here only"
    return [
        (
            mark + "AMI",
            lambda: _ami(one),
            "check that Asterisk runs and that ami_user and ami_secret match manager.conf",
        ),
        (mark + "ARI", lambda: _ari(one), "check ari_user and ari_password against ari.conf; " + http),
        (mark + "modules", lambda: _modules(one), "hotline asterisk render, then restart Asterisk"),
        (mark + "prompts", lambda: _prompts(one), "hotline asterisk prompts --out <sounds>/hotline, then core reload"),
        (mark + "SIP over WebSocket", lambda: _websocket(one), "load res_pjsip_transport_websocket; " + http),
        (mark + "recordings", lambda: _writable(one.recording_dir), f"mkdir -p {one.recording_dir}; mind its owner"),
        (mark + "disk", lambda: _disk(one.recording_dir), "free space, or move recording_dir to a larger disk"),
        (mark + "clock", lambda: _clock(one), "let chrony or systemd-timesyncd set the clocks of both machines"),
        (mark + "logs", lambda: _logs(one.log_dir), f"let the service read {one.log_dir} (queue_log, cel/)"),
    ]


async def _run(name: str, check: Check, cure: str) -> Finding:
    try:
        async with asyncio.timeout(LIMIT_S):
            return Finding(name, ok=True, detail=await check(), cure=cure)
    except TimeoutError:
        return Finding(name, ok=False, detail=f"no answer within {LIMIT_S:.0f} s", cure=cure)
    except (Wrong, OSError, EOFError, ValueError, aiohttp.ClientError) as error:
        return Finding(name, ok=False, detail=str(error) or type(error).__name__, cure=cure)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Finding(name, ok=False, detail=str(error), cure=cure)
    except (KeyError, TypeError, asyncio.LimitOverrunError) as error:
        # Something answers there, and it is not what the settings say.
        return Finding(name, ok=False, detail=f"the answer makes no sense: {error!r}", cure=cure)


async def _host_name() -> str:
    name = socket.gethostname()
    text = await asyncio.to_thread(Path("/etc/hosts").read_text)
    if name not in {word for line in text.splitlines() for word in line.partition("#")[0].split()[1:]}:
        raise Wrong(f"{name} is not in /etc/hosts")
    return f"{name} is in /etc/hosts"


async def _time_zone(name: str) -> str:
    ZoneInfo(name)
    if not (Path("/usr/share/zoneinfo") / name).exists():
        raise Wrong(f"the system does not know {name}, so Asterisk's business hours would be wrong")
    return name


async def _postgres(url: str) -> str:
    connection = await _connect(url)
    try:
        version: str = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    if int(version.split(".", maxsplit=1)[0]) < 15:
        raise Wrong(f"version {version} is older than 15")
    return f"version {version}"


async def _migrations(url: str) -> str:
    scripts = ScriptDirectory(str(MIGRATIONS))
    newest, known = scripts.get_current_head() or "", {one.revision for one in scripts.walk_revisions()}
    connection = await _connect(url)
    try:
        there = await connection.fetchval("SELECT to_regclass('schema_state') IS NOT NULL")
        present = await connection.fetchval("SELECT version_num FROM alembic_version") if there else None
        oldest = await connection.fetchval("SELECT oldest FROM schema_state") if there else ""
    finally:
        await connection.close()
    if why := misfit(newest, known, present, oldest):
        raise Wrong(why)
    return f"at {present}"


async def _count(url: str, rows: str, nothing: str) -> str:
    """``rows`` is a table of ours, with a condition if need be; never text from outside."""
    connection = await _connect(url)
    try:
        count: int = await connection.fetchval(f"SELECT count(*) FROM {rows}")  # noqa: S608 - both callers are above
    finally:
        await connection.close()
    if count == 0:
        raise Wrong(nothing)
    return f"{count} found"


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://", 1), timeout=LIMIT_S)


async def _front_end() -> str:
    missing = [name for name in ("desk.js", "login.js", "desk.css") if not (STATIC / name).is_file()]
    if missing:
        raise Wrong(f"not built: {', '.join(missing)}")
    return "built"


async def _ami(one: AsteriskSettings) -> str:
    reader, writer = await asyncio.open_connection(one.ami_host, one.ami_port)
    try:
        banner = (await reader.readuntil(b"\r\n")).decode().strip()
        if not banner.startswith("Asterisk Call Manager/"):
            raise Wrong(f"{one.ami_host}:{one.ami_port} is not an Asterisk: {banner[:40]!r}")
        secret = one.ami_secret.get_secret_value()
        writer.write(f"Action: Login\r\nUsername: {one.ami_user}\r\nSecret: {secret}\r\n\r\n".encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
    finally:
        writer.close()
    if "Response: Success" not in answer:
        raise Wrong("login refused")
    return banner


async def _ari(one: AsteriskSettings) -> str:
    async with _http(one) as http, http.get(f"{one.http_url}/ari/asterisk/info?only=system") as answer:
        if answer.status != 200:
            raise Wrong(f"HTTP status {answer.status}")
        version: str = (await answer.json())["system"]["version"]
    if not version.startswith("22."):
        raise Wrong(f"version {version}: this product is tested with 22")
    return f"version {version}"


async def _modules(one: AsteriskSettings) -> str:
    async with _http(one) as http, http.get(f"{one.http_url}/ari/asterisk/modules") as answer:
        if answer.status != 200:
            raise Wrong(f"HTTP status {answer.status}")
        running = {row["name"].removesuffix(".so") for row in await answer.json() if row["status"] == "Running"}
    wanted = {name for names in MODULES.values() for name in names}
    if missing := sorted(wanted - running):
        raise Wrong(f"not running: {', '.join(missing)}")
    return f"{len(wanted)} running"


async def _prompts(one: AsteriskSettings) -> str:
    # Asterisk indexes the folders below "sounds" as languages; ours is called hotline.
    async with _http(one) as http, http.get(f"{one.http_url}/ari/sounds?lang=hotline") as answer:
        if answer.status != 200:
            raise Wrong(f"HTTP status {answer.status}")
        present = {row["id"] for row in await answer.json()}
    if missing := sorted(TEXTS.keys() - present):
        raise Wrong(f"not found: {', '.join(missing)}")
    return f"{len(TEXTS)} present"


async def _websocket(one: AsteriskSettings) -> str:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{one.http_url}/ws", protocols=("sip",)) as socket_:
        if socket_.protocol != "sip":
            raise Wrong("the subprotocol «sip» was not accepted")
    return "accepts the subprotocol sip"


def _http(one: AsteriskSettings) -> aiohttp.ClientSession:
    auth = aiohttp.encode_basic_auth(one.ari_user, one.ari_password.get_secret_value())
    return aiohttp.ClientSession(headers={"Authorization": auth})


async def _writable(folder: Path) -> str:
    def attempt() -> None:
        with tempfile.TemporaryFile(dir=folder):
            pass

    await asyncio.to_thread(attempt)
    return str(folder)


async def _disk(folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 1e9
    # 57.6 MB an hour for each of the three files of a call (16-bit samples, 8 kHz).
    if free < MIN_FREE_GB:
        raise Wrong(f"only {free:.1f} GB free")
    return f"{free:.0f} GB free, {free / 0.173:.0f} hours of conversation"


async def _room(folder: Path) -> str:
    """Look at a folder that the service makes when it needs it."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    await _writable(there)
    free = shutil.disk_usage(there).free / 1e9
    if free < MIN_FREE_GB:
        raise Wrong(f"only {free:.1f} GB free")
    return f"{folder}, {free:.0f} GB free"


async def _clock(one: AsteriskSettings) -> str:
    async with _http(one) as http, http.get(f"{one.http_url}/ari/asterisk/ping") as answer:
        told = parsedate_to_datetime(answer.headers["Date"])  # RFC 9110: whole seconds
    off = abs((SystemClock().now() - told).total_seconds())
    if off > MAX_SKEW_S:
        raise Wrong(f"its clock and ours are {off:.0f} s apart")
    return "the same as ours"


async def _logs(folder: Path) -> str:
    for path in (folder / "queue_log", folder / "cel"):
        if not path.exists():
            raise Wrong(f"{path} does not exist")
        if not os.access(path, os.R_OK):
            raise Wrong(f"{path} cannot be read")
    return str(folder)
