"""The service stops soon although PostgreSQL is away: nothing that waits for it keeps the process alive."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from hotline.db import Database
from hotline.migrations import upgrade
from hotline.profiles.loader import load_profile
from hotline.stand.postgres import PrivateCluster, die_with_parent
from tests.house import free_port

STOP_S = 15.0
"""Seconds. It is 2 on a machine of its own, where five are promised; without the cure it was 42, or never ended."""
START_S = 120


async def service(url: str, folder: Path) -> asyncio.subprocess.Process:
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
    wanted = {b"ready at", b"Starting worker on queues recordings", b"Starting worker on queues alarms"}
    lines = []
    async with asyncio.timeout(START_S):
        while wanted and (line := await process.stdout.readline()):
            lines.append(line.decode())
            wanted = {text for text in wanted if text not in line}
    assert not wanted, "".join(lines)
    return process


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
