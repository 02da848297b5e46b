"""The service stops soon although PostgreSQL is away: nothing that waits for it keeps the process alive."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from hotline.db import Database
from hotline.migrations import upgrade
from hotline.profiles.loader import load_profile
from hotline.stand.postgres import PrivateCluster, die_with_parent
from tests.house import free_port

STOP_S = 15.0
"""Seconds. It is 2 on a machine of its own, where five are promised; without the cure it was 42, or never ended."""
START_S = 120


async def service(url: str, folder: Path, smtp_port: int = 25) -> asyncio.subprocess.Process:
    """Start a service whose Asterisk does not answer; return when it serves and works on its background jobs."""
    nowhere = free_port()
    asterisk = (
        f'[{{"name": "pbx1", "ami_port": {nowhere}, "http_url": "http://127.0.0.1:{nowhere}",'
        f' "recording_dir": "{folder}", "log_dir": "{folder}"}}]'
    )
    port = free_port()
    settings = {
        "HOTLINE_DATABASE_URL": url,
        "HOTLINE_LISTEN_PORT": str(port),
        "HOTLINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HOTLINE_ASTERISKS": asterisk,
        "HOTLINE_ATTACHMENT_DIR": str(folder),
        "HOTLINE_REGISTER_DIR": str(folder),
        "HOTLINE_SECOND_FACTOR_RIGHTS": "[]",
        "HOTLINE_SMTP_PORT": str(smtp_port),
        "HOTLINE_SMTP_HOST": "127.0.0.1",  # so that both job queues work: recordings and letters
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hotline", "serve"),
        env={**os.environ, **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    assert process.stdout is not None
    queues = (b"recordings", b"alarms", b"statistics")
    await logged(process, b"ready at", *(b"Starting worker on queues " + queue for queue in queues))
    return process


async def logged(process: asyncio.subprocess.Process, *texts: bytes) -> None:
    """Wait until a process has said all of these, in any order."""
    assert process.stdout is not None
    wanted = set(texts)
    lines = []
    async with asyncio.timeout(START_S):
        while wanted and (line := await process.stdout.readline()):
            lines.append(line.decode())
            wanted = {text for text in wanted if text not in line}
    assert not wanted, "".join(lines)


def servers(cluster: PrivateCluster) -> list[int]:
    """The processes of a PostgreSQL server: its main one, and one for each connection."""
    main = int((cluster.data / "postmaster.pid").read_text().split()[0])
    return [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]


@pytest.mark.parametrize("how", ["answers", "is stopped", "hangs"])
async def test_the_service_stops_soon(how: str, tmp_path: Path) -> None:
    """Whatever PostgreSQL does. Without the cure, the job queue that could not say good-bye in it went on for ever."""
    async with PrivateCluster() as cluster:
        url = await cluster.create_database("stopping")
        await upgrade(url)
        database = Database.connect(url)
        await load_profile(database, "oms")
        await database.close()
        process = await service(url, tmp_path)
        frozen: list[int] = []
        try:
            if how == "is stopped":
                await cluster.halt()
            elif how == "hangs":
                frozen = servers(cluster)
                for pid in frozen:
                    os.kill(pid, signal.SIGSTOP)
            process.terminate()
            async with asyncio.timeout(STOP_S):
                told, _ = await process.communicate()
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, told.decode()
    assert (b"stopping without it" in told) is (how != "answers")
    assert b"never retrieved" not in told, told.decode()
    assert b"was destroyed" not in told, told.decode()


@asynccontextmanager
async def installation() -> AsyncIterator[tuple[str, asyncpg.Connection, asyncpg.Connection]]:
    """A database with the profile, and two connections to it."""
    async with PrivateCluster() as cluster:
        url = await cluster.create_database("stopping")
        await upgrade(url)
        database = Database.connect(url)
        await load_profile(database, "oms")
        await database.close()
        where = {"host": str(cluster.socket), "user": "postgres", "database": "stopping"}
        connections = [
            await asyncpg.connect(**where, server_settings={"search_path": "public, jobs"}) for _ in range(2)
        ]
        try:
            yield url, connections[0], connections[1]
        finally:
            for connection in connections:
                await connection.close()


async def ended(process: asyncio.subprocess.Process) -> str:
    """Ask a service to stop; return the rest of its log."""
    try:
        process.terminate()
        async with asyncio.timeout(STOP_S):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, told.decode()
    return told.decode()


async def test_a_mail_server_that_hangs_does_not_hold_the_stop(tmp_path: Path) -> None:
    """The letter stays due and goes out after the next start. Without the cure: 20 s for each step of SMTP."""
    asked = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with (
        installation() as (url, connection, _),
        await asyncio.start_server(say_nothing, "127.0.0.1", 0) as silent,
    ):
        await connection.execute(
            """
            WITH rule AS (
                INSERT INTO board_alarm_rule (kind, threshold, hold_s, repeat_min, sound, emails, created_at)
                VALUES ('waiting', 1, 0, 5, false, '["boss@example.org"]', now()) RETURNING id)
            INSERT INTO board_alarm (rule_id, subject, value, raised_at, cleared_at, mail_due_at)
            SELECT id, 'hotline', 2, now(), now(), now() FROM rule
            """
        )
        process = await service(url, tmp_path, silent.sockets[0].getsockname()[1])
        async with asyncio.timeout(START_S):
            await asked.wait()
        told = await ended(process)
        assert await connection.fetchval("SELECT count(*) FROM board_alarm WHERE mail_due_at IS NOT NULL") == 1
    assert "never retrieved" not in told, told


async def test_a_report_that_is_being_counted_does_not_hold_the_stop(tmp_path: Path) -> None:
    """It is begun again at the next start. Without the cure its queue could not say good-bye to the database."""
    async with installation() as (url, connection, beside):
        process = await service(url, tmp_path)
        async with connection.transaction():
            await connection.execute("LOCK TABLE stats_report IN ACCESS EXCLUSIVE MODE")  # as slow as can be
            await beside.execute(
                """
                INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, priority, lock, args, status)
                VALUES ('statistics', 'statistics.report', 0, 'report:1', '{"report_id": 1}', 'todo')
                """
            )
            await logged(process, b"Starting job statistics.report")
            told = await ended(process)
    assert "stops without the database" not in told, told
    assert "was destroyed" not in told, told
