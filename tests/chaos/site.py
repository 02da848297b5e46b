"""The whole hotline that chaos breaks: every part is real, a process of its own, and within reach of a fault."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline.db import Database
from hotline.load.people import hire
from hotline.load.session import Person, Session, session
from hotline.migrations import upgrade
from hotline.profiles.demo import DEMO_PASSWORD, load_demo
from hotline.profiles.loader import load_profile
from hotline.stand.asterisk import LOOPBACK
from hotline.stand.postgres import PrivateCluster
from hotline.stand.service import Stand
from tests.chaos.isolation import SERVICE_TEL, SERVICE_WEB, TELEPHONY, Disk, Wires, disk, wires
from tests.chaos.people import Operator, Typist, operator, typist
from tests.house import House
from tests.proxy import Proxy, proxy
from tests.telephones import announce, telephones

QUEUE = "hotline"
FIRST_OPERATOR, FIRST_PLAIN = 110, 300
LONGEST_S = 3600.0
ROOM_MB = {"postgres": 1024, "recordings": 1024, "log": 128}
"""Sizes of the disks that may be filled."""


@dataclass
class Site:
    """Everything that runs."""

    stand: Stand
    cluster: PrivateCluster
    house: House
    proxy: Proxy
    wires: Wires
    disks: Mapping[str, Disk]
    db: Database
    typist: Typist | None
    operators: list[Operator]
    plain: list[str]
    """Extensions of the telephones without a page."""
    plain_port: int
    supervisor: Session
    paused_browser: int = 0
    clock: Path | None = None
    """What the service's clock is told, when it can be set."""

    @property
    def url(self) -> str:
        """Where browsers go: to the proxy."""
        return self.house.url

    def set_clock(self, seconds: int) -> None:
        """Move the service's clock to so many seconds from the true time."""
        assert self.clock is not None
        self.clock.write_text(f"{seconds:+d}\n", encoding="ascii")

    async def let_plain_work(self) -> None:
        """Put the telephones without a page into the queue."""
        for extension in self.plain:
            await self.stand.asterisk.cli(f"queue add member PJSIP/{extension} to {QUEUE}")

    async def restart_asterisk(self) -> None:
        """Start it after its death, with the telephones that no service looks after."""
        await self.stand.asterisk.start()
        await announce(self.stand, self.plain, self.plain_port)
        await self.let_plain_work()


@asynccontextmanager
async def site(*, operators: int, plain: int, browser: bool, clock: Path | None = None) -> AsyncIterator[Site]:
    """Build it all, tear it all down.

    :param clock: the library that gives the service a clock to be set (libfaketime).
    """
    async with AsyncExitStack() as stack:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="hotline-chaos-", dir="/var/tmp"))
        stack.push_async_callback(asyncio.to_thread, shutil.rmtree, folder, ignore_errors=True)
        await asyncio.to_thread(folder.chmod, 0o755)  # PostgreSQL runs as another user
        cables = await stack.enter_async_context(wires())
        homes = {
            "postgres": folder / "postgres",
            "recordings": folder / "stand/asterisk/recordings",
            "log": folder / "stand/asterisk/log",
        }
        disks = {
            name: await stack.enter_async_context(disk(home, megabytes=ROOM_MB[name])) for name, home in homes.items()
        }
        cluster = await stack.enter_async_context(PrivateCluster(homes["postgres"]))
        url, people = await _database(cluster, operators)
        db = Database.connect(url)
        stack.push_async_callback(db.close)
        stand = await stack.enter_async_context(_stand(folder))
        front = await stack.enter_async_context(proxy())
        told = folder / "clock"
        house = _house(stand, url, front, cables, _clock(clock, told) if clock else {})
        stack.push_async_callback(house.stop)
        await house.start()
        front.host, front.target = SERVICE_WEB, house.port
        await front.start()
        extensions = [str(FIRST_PLAIN + number) for number in range(plain)]
        port = await stack.enter_async_context(telephones(stand, extensions, hold_s=LONGEST_S, calls=10_000))
        writer = await stack.enter_async_context(typist(house.url, folder)) if browser else None
        at_work = [await stack.enter_async_context(operator(house.url, one)) for one in people]
        boss = await stack.enter_async_context(session(house.url, Person("admin", DEMO_PASSWORD)))
        made = Site(stand, cluster, house, front, cables, disks, db, writer, at_work, extensions, port, boss)
        made.clock = told
        yield made


async def _database(cluster: PrivateCluster, operators: int) -> tuple[str, list[Person]]:
    url = await cluster.create_database("hotline")
    await upgrade(url)
    db = Database.connect(url)
    try:
        await load_profile(db, "oms")
        await load_demo(db)
        return url, await hire(db, operators, first_extension=FIRST_OPERATOR) if operators else []
    finally:
        await db.close()


def _stand(folder: Path) -> Stand:
    """An Asterisk that the service reaches by the cable, and nobody else's service."""
    networks = [f"{address}/255.255.255.255" for address in (LOOPBACK, SERVICE_TEL)]
    overrides = {"greeting": "beep", "ami_bind": "0.0.0.0", "http_bind": "0.0.0.0", "ami_permit": networks}
    return Stand(folder / "stand", database=False, asterisk=overrides)


def _house(stand: Stand, url: str, front: Proxy, cables: Wires, settings: Mapping[str, str]) -> House:
    house = House(stand, url, within=cables.within)
    asterisk = json.loads(house.environment["HOTLINE_ASTERISKS"])[0]
    reached = {
        "ami_host": TELEPHONY,
        "http_url": asterisk["http_url"].replace(LOOPBACK, TELEPHONY),
    }
    house.settings |= {
        "HOTLINE_ASTERISKS": json.dumps([asterisk | reached]),
        "HOTLINE_LISTEN_HOST": SERVICE_WEB,
        "HOTLINE_PUBLIC_URL": front.url,
        "HOTLINE_TRUSTED_PROXIES": "1",
        **settings,
    }
    return house


def _clock(library: Path, told: Path) -> dict[str, str]:
    """Settings of a process whose wall clock ``told`` moves; what it measures with goes on evenly."""
    told.write_text("+0\n", encoding="ascii")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(told),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
