"""The stand itself: nothing survives it, and the doctor finds what is wrong with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from hotline.config import Settings
from hotline.stand.asterisk import Trunk
from hotline.stand.asterisk_root import AsteriskRoot
from hotline.stand.doctor import examine
from hotline.stand.finding import Finding
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.calls.asterisk import ami

pytestmark = pytest.mark.calls

ORPHAN = """
import asyncio, os, signal
from hotline.stand.service import Stand
async def main():
    async with Stand() as stand:
        postgres = (stand.postgres.data / "postmaster.pid").read_text().split()[0]
        print(stand.asterisk.pid, postgres, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def gone(pid: int, within_s: float = 15) -> None:
    """Wait until a process that is not our child has ended (the kernel tells by its pidfd)."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        async with asyncio.timeout(within_s):
            await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def python(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")},
    )


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def lines_until(process: asyncio.subprocess.Process, text: str, within_s: float = 60) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(within_s):
        while raw := await process.stdout.readline():
            lines.append(raw.decode().rstrip())
            if text in lines[-1]:
                return lines
    raise AssertionError("\n".join(lines))


async def test_servers_die_with_a_killed_parent() -> None:
    parent = await python("-c", ORPHAN)
    try:
        assert parent.stdout is not None
        async with asyncio.timeout(60):
            pids = [int(word) for word in (await parent.stdout.readline()).split()]
        assert len(pids) == 2
    finally:
        parent.kill()
        await parent.wait()
    for pid in pids:
        await gone(pid)


async def test_one_command_shows_the_whole_product_and_leaves_nothing(tmp_path: Path) -> None:
    stand = await python("-m", "hotline", "stand", "--folder", str(tmp_path / "stand"))
    try:
        lines = await lines_until(stand, "Hotline is ready")
        assert any(line.startswith("op101") for line in lines)
        call = await python(
            *("-m", "hotline", "demo", "call", "--seconds", "2", "--folder", str(tmp_path / "stand"), "--tone", "440")
        )
        told, _ = await asyncio.wait_for(call.communicate(), 60)
        assert call.returncode == 0, told.decode()
        doctor = await python("-m", "hotline", "doctor", "--folder", str(tmp_path / "stand"))
        findings, _ = await asyncio.wait_for(doctor.communicate(), 60)
        assert doctor.returncode == 0, findings.decode()
        assert "ok   Asterisk pbx1: SIP over WebSocket" in findings.decode()
        folder = tmp_path / "stand/asterisk/recordings"
        recordings = list(folder.glob("pbx1-*.wav"))
        # Some seconds after the call the service makes one file of the three, and then they go.
        assert len(recordings) == 3 or len(list(folder.glob("pbx1-*.opus"))) == 1
        servers = children(stand.pid)
        assert len(servers) == 3  # PostgreSQL, Asterisk, the service
    finally:
        stand.send_signal(signal.SIGINT)
        rest, _ = await asyncio.wait_for(stand.communicate(), 60)
    assert stand.returncode == 0, rest.decode()
    assert not (tmp_path / "stand/run.json").exists()
    for pid in servers:
        await gone(pid, within_s=1)


def bad(findings: list[Finding]) -> set[str]:
    return {finding.name for finding in findings if not finding.ok}


async def test_the_doctor_finds_nothing_wrong_with_a_running_stand(stand: Stand, demo_db_url: str) -> None:
    settings = Settings(
        database_url=SecretStr(demo_db_url),
        asterisks=[stand.asterisk.settings],
        attachment_dir=stand.folder / "files",
        register_dir=stand.folder / "register",
    )
    findings = await examine(settings)
    assert bad(findings) <= {"front-end"}, findings  # the front-end is built by make, not by tests
    assert {"Asterisk pbx1: AMI", "Asterisk pbx1: SIP over WebSocket", "Asterisk pbx1: prompts"} <= {
        finding.name for finding in findings
    }


async def test_the_doctor_names_what_is_wrong(stand: Stand, pg_cluster: object, tmp_path: Path) -> None:
    wrong = stand.asterisk.settings.model_copy(
        update={"ami_secret": SecretStr("wrong"), "recording_dir": tmp_path / "missing", "log_dir": tmp_path}
    )
    nowhere = SecretStr(f"postgresql+asyncpg://postgres@/nothing?host={tmp_path}")
    findings = await examine(Settings(database_url=nowhere, asterisks=[wrong]))
    mark = "Asterisk pbx1: "
    expected = {"PostgreSQL", "migrations", mark + "AMI", mark + "recordings", mark + "disk", mark + "logs"}
    assert expected <= bad(findings)
    assert not {mark + "ARI", mark + "modules", mark + "SIP over WebSocket"} & bad(findings)
    assert all(finding.cure for finding in findings)


async def test_the_doctor_survives_ports_that_belong_to_somebody_else(stand: Stand, pg_url: str) -> None:
    """Whatever answers there, each check says so; none of them breaks the report."""

    async def nonsense(request: web.Request) -> web.Response:
        return web.json_response({"hello": request.path})

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 200_000)
        writer.close()

    app = web.Application()
    app.router.add_get("/{tail:.*}", nonsense)
    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with TestServer(app) as http, server:
        foreign = stand.asterisk.settings.model_copy(
            update={"http_url": str(http.make_url("")).rstrip("/"), "ami_port": server.sockets[0].getsockname()[1]}
        )
        findings = await examine(Settings(database_url=SecretStr(pg_url), asterisks=[foreign]))
    mark = "Asterisk pbx1: "
    assert {"profile", "users"} <= bad(findings)  # a database with tables and nothing in them
    assert {mark + name for name in ("AMI", "ARI", "modules", "prompts", "SIP over WebSocket")} <= bad(findings)
    assert not {"PostgreSQL", "migrations", mark + "recordings"} & bad(findings)


class SlowExchange(asyncio.DatagramProtocol):
    """Answers a call a moment after it was placed (RFC 3261); notes the methods of all requests."""

    def __init__(self) -> None:
        self.methods: list[str] = []
        self.invited = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        method, _, rest = data.decode().partition(" ")
        if method not in self.methods:
            self.methods.append(method)
        headers = [line for line in rest.splitlines() if line.startswith(("Via", "From", "To", "Call-ID", "CSeq"))]
        contact = "Contact: <sip:88001000000@{}:{}>".format(*self._transport.get_extra_info("sockname"))
        answer = "\r\n".join(["SIP/2.0 200 OK", *headers, contact, "Content-Length: 0", "", ""]).encode()
        if method == "INVITE":
            self.invited.set()
            asyncio.get_running_loop().call_later(0.3, self._transport.sendto, answer, address)
        elif method != "ACK":
            self._transport.sendto(answer, address)


async def test_a_citizen_who_hangs_up_while_he_is_being_answered_leaves_no_call_behind(stand: Stand) -> None:
    """CANCEL would cross the answer, and the exchange would keep a call that nobody has."""
    loop = asyncio.get_running_loop()
    transport, exchange = await loop.create_datagram_endpoint(SlowExchange, local_addr=("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")

    @dataclass(frozen=True)
    class Line:
        root: AsteriskRoot
        trunk: Trunk

    line = Line(stand.root, replace(stand.trunk, asterisk_host=host, asterisk_port=port))
    try:
        async with citizen_calls(line) as citizen, asyncio.timeout(10):
            await exchange.invited.wait()
            await citizen.hang_up()
    finally:
        transport.close()
    assert exchange.methods == ["INVITE", "ACK", "BYE"]


async def test_the_real_greeting_is_played_and_then_the_queue() -> None:
    async with Stand(database=False) as real, ami(real.asterisk.settings) as events, citizen_calls(real) as citizen:
        entered = await events.wait("UserEvent", UserEvent="CallEntered")
        greeted = await events.wait("UserEvent", timeout_s=40, UserEvent="CallGreeted")
        assert float(greeted["Timestamp"]) - float(entered["Timestamp"]) > 5  # it is a sentence, not a click
        await events.wait("QueueCallerJoin")
        await citizen.hang_up()
        complaints = [line for line in real.asterisk.output().splitlines() if "ERROR" in line or "WARNING" in line]
        assert complaints == []
