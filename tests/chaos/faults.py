"""What is done to the hotline: one row a fault, as data (issue 6)."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.facts import Allowed
from tests.chaos.processes import send
from tests.chaos.site import Site
from tests.house import READY_S

Act = Callable[[Site], Awaitable[None]]
BRIEF_S, PAUSE_S, OUTAGE_S = 5.0, 30.0, 600.0
JUMP_S = 3600
NOTHING = Allowed()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: how it begins, how long it lasts, how it is mended."""

    name: str
    what: str
    begin: Act
    mend: Act
    lasts_s: float = BRIEF_S
    short_s: float | None = None
    """How long with ``--short``; by default as long."""
    allowed: Allowed = NOTHING
    newcomers: bool = True
    """Whether citizens call while it lasts; otherwise they do afterwards."""
    deaf: bool = False
    """Whether Asterisk hears nothing meanwhile."""
    typing: bool = True
    """Whether somebody can type while it lasts and afterwards."""
    needs_clock: bool = False
    """Whether the service must run under a clock that can be set (libfaketime)."""


def clock_library() -> Path | None:
    """Return libfaketime (Debian's package of that name, or ``HOTLINE_FAKETIME``); ``None``: it is not here."""
    named = os.environ.get("HOTLINE_FAKETIME")
    found = [Path(named)] if named else sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return next((path for path in found if path.exists()), None)


async def _kill_service(site: Site) -> None:
    await site.house.kill()


async def _start_service(site: Site) -> None:
    await site.house.start()


async def _kill_postgres(site: Site) -> None:
    assert site.cluster.pid is not None
    send(site.cluster.pid, signal.SIGKILL)
    await site.cluster.crash()


async def _start_postgres(site: Site) -> None:
    await site.cluster.start()


async def _kill_asterisk(site: Site) -> None:
    await site.stand.asterisk.kill()


async def _start_asterisk(site: Site) -> None:
    await site.restart_asterisk()


async def _kill_proxy(site: Site) -> None:
    await site.proxy.kill()


async def _start_proxy(site: Site) -> None:
    await site.proxy.start()


async def _kill_browser(site: Site) -> None:
    assert site.typist is not None
    await site.typist.die()


async def _open_browser(site: Site) -> None:
    """He logs in again, on another computer, and is rung for his citizen."""
    assert site.typist is not None
    await site.typist.arrive("op101")
    await site.typist.answer(types=False)


def _paused(name: str, pid: Callable[[Site], Awaitable[int]], **more: bool) -> Fault:
    async def stop(site: Site) -> None:
        send(await pid(site), signal.SIGSTOP)

    async def go_on(site: Site) -> None:
        send(await _stopped_pid(site, name, pid), signal.SIGCONT)

    return Fault(
        f"{name}-paused", f"{name} stands still (SIGSTOP)", stop, go_on, lasts_s=PAUSE_S,
        newcomers=more.get("newcomers", True), deaf=more.get("deaf", False),
        typing=more.get("typing", True),
    )  # fmt: skip


async def _stopped_pid(site: Site, name: str, pid: Callable[[Site], Awaitable[int]]) -> int:
    # A stopped browser tells nobody its process id.
    return site.paused_browser if name == "browser" else await pid(site)


async def _service_pid(site: Site) -> int:
    assert site.house.pid is not None
    return site.house.pid


async def _postgres_pid(site: Site) -> int:
    assert site.cluster.pid is not None
    return site.cluster.pid


async def _asterisk_pid(site: Site) -> int:
    assert site.stand.asterisk.pid is not None
    return site.stand.asterisk.pid


async def _proxy_pid(site: Site) -> int:
    assert site.proxy.pid is not None
    return site.proxy.pid


async def _browser_pid(site: Site) -> int:
    assert site.typist is not None
    site.paused_browser = await site.typist.pid()
    return site.paused_browser


def _full(name: str, allowed: Allowed = NOTHING) -> Fault:
    async def fill(site: Site) -> None:
        site.disks[name].fill()

    async def empty(site: Site) -> None:
        site.disks[name].empty()
        if site.cluster.pid is None:  # it ended by itself: an administrator would start it
            await site.cluster.crash()
            await site.cluster.start()

    return Fault(f"disk-{name}", f"the disk of {name} is full", fill, empty, lasts_s=20.0, allowed=allowed)


async def _cut(site: Site) -> None:
    await site.wires.cut()


async def _join(site: Site) -> None:
    await site.wires.mend()


def _jump(name: str, seconds: int) -> Fault:
    async def jump(site: Site) -> None:
        site.set_clock(seconds)

    async def back(site: Site) -> None:
        site.set_clock(0)

    what = f"the service's clock jumps by {seconds:+d} s, and back"
    return Fault(f"clock-{name}", what, jump, back, lasts_s=20.0, needs_clock=True)


FAULTS: tuple[Fault, ...] = (
    Fault("service-killed", "kill -9 of the service", _kill_service, _start_service),
    Fault("postgres-killed", "kill -9 of PostgreSQL", _kill_postgres, _start_postgres),
    Fault(
        "asterisk-killed", "kill -9 of Asterisk", _kill_asterisk, _start_asterisk, newcomers=False,
        allowed=Allowed(asterisk_dies=True),
    ),
    Fault(
        "browser-killed", "kill -9 of the operator's browser", _kill_browser, _open_browser),
    Fault("proxy-killed", "kill -9 of the proxy", _kill_proxy, _start_proxy),
    _paused("service", _service_pid),
    _paused("postgres", _postgres_pid),
    _paused("asterisk", _asterisk_pid, newcomers=False, deaf=True),
    _paused("browser", _browser_pid, typing=False),
    _paused("proxy", _proxy_pid),
    _full("recordings", Allowed(nothing_recorded=True)),
    _full("log", Allowed(no_logs=True)),
    _full("postgres"),
    Fault("network-cut", "nothing passes between service and Asterisk", _cut, _join, lasts_s=PAUSE_S),
    _jump("forward", JUMP_S),
    _jump("back", -JUMP_S),
    Fault(
        "postgres-gone", "PostgreSQL is away for ten minutes", _kill_postgres, _start_postgres, lasts_s=OUTAGE_S,
        short_s=60.0,
    ),
)  # fmt: skip
"""In the order in which they are tried."""

MENDING_S = READY_S + 20
