"""Parts of the house die while citizens are served: nobody is hung up on, and the journal has everybody once."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from hotline.db import Database
from hotline.load.citizens import Citizen, Fate
from hotline.load.people import hire
from hotline.load.runner import Load, Options
from hotline.load.script import parse
from hotline.load.session import Person
from hotline.profiles.demo import DEMO_PASSWORD
from hotline.stand.service import Stand
from tests.house import House

pytestmark = pytest.mark.calls

OPERATORS, CITIZENS = 4, 12
CHAOS_S = 170
STALL_S = 3.0
SCRIPT = """
[citizens]
arrival = "even"
per_minute = 30
patience = { mean_s = 300 }
[operators]
talk = { shape = "uniform", mean_s = 6, spread_s = 2 }
"""


class Cable:
    """The network between the service and AMI, to be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._far = host, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        """Let the service connect."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._far)
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def wired_house(stand: Stand, database_url: str) -> AsyncIterator[tuple[House, Cable]]:
    """Run a house whose AMI goes through a cable."""
    settings = stand.asterisk.settings
    cable = Cable(settings.ami_host, settings.ami_port)
    await cable.mend()
    house = House(stand, database_url)
    asterisks = json.loads(house.environment["HOTLINE_ASTERISKS"])
    house.settings["HOTLINE_ASTERISKS"] = json.dumps([asterisks[0] | {"ami_host": "127.0.0.1", "ami_port": cable.port}])
    try:
        await house.start()
        yield house, cable
    finally:
        await house.stop()
        await cable.cut()


def answered(citizen: Citizen) -> bool:
    return citizen.connected.is_set()


async def break_things(house: House, cable: Cable, load: Load) -> None:
    """Break one part after the other, each while people talk and wait."""
    name = house.stand.asterisk.settings.name
    await load.reached(2, answered)
    await house.kill()
    await house.start()

    await load.reached(5, answered)
    before = len(house.log)
    await cable.cut()
    await house.logged(f"link {name}:", after=before)
    await cable.mend()
    await house.logged(f"link {name}: up", after=before)

    await load.reached(8, answered)
    running = asyncio.Event()

    def go_on() -> None:
        house.stand.asterisk.signal(signal.SIGCONT)
        running.set()

    house.stand.asterisk.signal(signal.SIGSTOP)
    asyncio.get_running_loop().call_later(STALL_S, go_on)
    await running.wait()


async def test_nobody_is_hung_up_on_while_parts_die(stand: Stand, demo_db: Database, demo_db_url: str) -> None:
    people = await hire(demo_db, OPERATORS, first_extension=110)
    async with wired_house(stand, demo_db_url) as (house, cable), asyncio.timeout(CHAOS_S):
        options = Options(
            url=house.url,
            people=tuple(people),
            supervisor=Person("admin", DEMO_PASSWORD),
            script=parse(SCRIPT, name="chaos"),
            operators=OPERATORS,
            callers=CITIZENS,
            tolerance_s=4 + STALL_S,
            recordings=False,  # three seconds of a stalled Asterisk are in no recording
        )
        load = Load(options, stand.asterisk)
        async with asyncio.TaskGroup() as group:
            breaking = group.create_task(break_things(house, cable, load))
            report = await load.run()
    assert breaking.done()
    # A call whose recording began while the link was down is marked as not recorded although it is: look for its file.
    faults = {caller: [text for text in texts if text != "no recording"] for caller, texts in report.faults.items()}
    assert not any(faults.values()), report.text()
    folder = stand.asterisk.settings.recording_dir
    assert all(any(folder.rglob(f"{citizen.key}*")) for citizen in report.citizens)
    assert [citizen.fate for citizen in report.citizens] == [Fate.ANSWERED] * CITIZENS
    assert len(report.rows) == CITIZENS
