"""Simulated citizens: SIPp (sipp.sourceforge.net) as the telephone network.

A citizen streams G.711 A-law speech or a tone, so that recordings and the operator's browser have something to hear.
SIPp runs in a process group of its own and dies with us: a forgotten one would keep its calls alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from string import Template
from typing import Protocol

from hotline.errors import BadInput, Unavailable
from hotline.stand.asterisk import Trunk
from hotline.stand.asterisk_root import AsteriskRoot
from hotline.stand.postgres import die_with_parent
from hotline.stand.tones import sine, to_alaw, write_wav

SCENARIOS = Path(__file__).parent / "scenarios"
MESSAGES = "messages.txt"
MEDIA_PORTS = 400
GIVE_UP_S = 5.0
NUDGE_S = 0.05
SETTLE_S = 2.0
_SENT = re.compile(
    r"message sent \[\d+\] bytes:\s+(?P<method>INVITE|ACK) .*?^Call-ID:\s*(?P<call>\S+)", re.DOTALL | re.MULTILINE
)


class TelephoneLine(Protocol):
    """What SIPp needs of a stand."""

    @property
    def root(self) -> AsteriskRoot:
        """The installation that SIPp is a part of."""
        ...

    @property
    def trunk(self) -> Trunk:
        """The two ends of the line."""
        ...


@dataclass(frozen=True, slots=True)
class SippResult:
    """How the calls of one SIPp process went."""

    exit_code: int
    successful: int
    failed: int
    errors: str
    setup_s: float | None = None
    """Mean seconds from INVITE to 200; ``None``: nobody was answered, or SIPp had no time to write it down."""

    @property
    def ok(self) -> bool:
        """Whether every call followed the scenario to its end."""
        return self.exit_code == 0 and self.failed == 0


class SippRun:
    """A running SIPp. Use :func:`citizen_calls` or :func:`citizen_answers`.

    :param calls: how many calls it places in all.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, calls: int = 0) -> None:
        self._process = process
        self._folder = folder
        self._calls = calls

    @property
    def pid(self) -> int:
        """Process (and group) id."""
        return self._process.pid

    async def wait(self, timeout_s: float = 60) -> SippResult:
        """Wait until all calls are over.

        :raises TimeoutError: they are not over in time.
        """
        async with asyncio.timeout(timeout_s):
            code = await self._process.wait()
        last = _statistics(self._folder)
        successful, failed = (int(last.get(name, "0")) for name in ("SuccessfulCall(C)", "FailedCall(C)"))
        return SippResult(code, successful, failed, self._errors(), _seconds(last.get("ResponseTime1(C)", "")))

    def messages(self) -> str:
        """Return the SIP messages sent and received so far, as text."""
        path = self._folder / MESSAGES
        return path.read_text(errors="replace") if path.exists() else ""

    async def hang_up(self) -> SippResult:
        """Make every citizen hang up now: BYE, or CANCEL while it still rings. Nothing happens when all is over.

        SIPp forgets at once whom it gives up while he is being answered: nobody would acknowledge the 200 that is on
        its way (RFC 3261 section 9.1), and the far end would keep a call without a citizen. The hotline answers every
        call at once, so the answer is waited for, at most ``SETTLE_S`` seconds; then the far end is dead, or really
        rings.
        """
        loop = asyncio.get_running_loop()
        settled_by = loop.time() + SETTLE_S
        stopped = False
        for _ in range(round(GIVE_UP_S / NUDGE_S)):
            placed, acknowledged = await asyncio.to_thread(self._placed)
            begun = bool(placed) or self._calls == 0
            # As long as there are calls to come, the first signal only makes SIPp place no more of them; the next one
            # ends those that run. Two at once would merge. One call may be on its way without being in the file yet.
            only_stops = not stopped and 0 < len(placed) < self._calls - 1
            if only_stops or (begun and placed <= acknowledged) or loop.time() > settled_by:
                self._signal(signal.SIGUSR1)
                stopped = True
            try:
                return await self.wait(NUDGE_S)
            except TimeoutError:
                continue
        await self.kill()
        return await self.wait()

    def _placed(self) -> tuple[set[str], set[str]]:
        """Return the Call-IDs of the calls placed so far, and of those with a final answer: SIPp acknowledges each."""
        found: dict[str, set[str]] = {"INVITE": set(), "ACK": set()}
        for sent in _SENT.finditer(self.messages()):
            found[sent["method"]].add(sent["call"])
        return found["INVITE"], found["ACK"]

    async def kill(self) -> None:
        """Kill SIPp; its calls stay up on the other side, like those of a broken gateway."""
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _errors(self) -> str:
        texts = [path.read_text(errors="replace") for path in sorted(self._folder.glob("*.log"))]
        return "\n".join(text.strip() for text in texts if text.strip())[-4000:]


@asynccontextmanager
async def citizen_calls(
    line: TelephoneLine,
    *,
    caller: str = "79280001122",
    did: str = "88001000000",
    hold_s: float = 30,
    sound: Path | float = 440.0,
    calls: int = 1,
    rate: float = 10,
) -> AsyncIterator[SippRun]:
    """Place ``calls`` calls to ``did`` from ``caller``; each lasts ``hold_s`` seconds or until the far end hangs up.

    :param sound: what the citizen says: a frequency in hertz, or a sound file; repeated for as long as the call lasts.
    :param rate: new calls per second.

    Leaving the block makes those hang up who still talk.
    """
    arguments = [
        f"{line.trunk.asterisk_host}:{line.trunk.asterisk_port}",
        *("-m", str(calls), "-l", str(calls), "-r", str(rate), "-s", checked_number(did)),
    ]
    values = {"caller": checked_number(caller), "hold_ms": str(round(hold_s * 1000))}
    async with _running(line, "citizen_calls.xml", values, sound, arguments, calls=calls) as run:
        yield run


@asynccontextmanager
async def citizen_answers(
    line: TelephoneLine,
    *,
    ring_s: float = 0.5,
    hold_s: float = 30,
    sound: Path | float = 440.0,
    calls: int = 1,
    busy: bool = False,
    port: int | None = None,
) -> AsyncIterator[SippRun]:
    """Be the network for outgoing calls: ring, answer (or be busy), talk, hang up after ``hold_s`` seconds.

    :param port: where to listen on the network's address; by default where Asterisk's trunk points.
    """
    values = {"ring_ms": str(round(ring_s * 1000)), "hold_ms": str(round(hold_s * 1000))}
    scenario = "citizen_busy.xml" if busy else "citizen_answers.xml"
    port = port or line.trunk.network_port
    async with _running(line, scenario, values, sound, ["-m", str(calls)], port=port) as run:
        yield run


@asynccontextmanager
async def _running(
    line: TelephoneLine,
    scenario: str,
    values: dict[str, str],
    sound: Path | float,
    arguments: list[str],
    *,
    port: int | None = None,
    calls: int = 0,
) -> AsyncIterator[SippRun]:
    folder = Path(tempfile.mkdtemp(prefix="hotline-sipp-"))
    host = line.trunk.network_host
    try:
        await asyncio.to_thread(_prepare, folder, scenario, values, sound)
        first = SystemRandom().randrange(10_000, 19_000, MEDIA_PORTS)
        output = (folder / "output.log").open("wb")
        process = await asyncio.create_subprocess_exec(
            *line.root.sipp(),
            *("-sf", "scenario.xml", "-i", host, "-mi", host),
            *(("-p", str(port)) if port else ()),
            *("-min_rtp_port", str(first), "-max_rtp_port", str(first + MEDIA_PORTS - 1)),
            *("-trace_err", "-error_file", "errors.log", "-trace_stat", "-stf", "stat.csv", "-fd", "1"),
            *("-trace_msg", "-message_file", MESSAGES),
            *("-recv_timeout", "120000"),
            *arguments,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=output,
            env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8"},
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        output.close()
        run = SippRun(process, folder, calls)
        try:
            yield run
        finally:
            await run.hang_up()
    except FileNotFoundError as error:
        raise Unavailable(f"SIPp cannot be started: {error}", error_id="no-sipp") from error
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _prepare(folder: Path, scenario: str, values: dict[str, str], sound: Path | float) -> None:
    source = sound if isinstance(sound, Path) else write_wav(folder / "tone.wav", sine(sound, 1.0))
    # Speech is followed by a pause before it is repeated; a tone must go on without a gap.
    to_alaw(source, folder / "sound.al", repeat_pause_s=1.0 if isinstance(sound, Path) else 0.0)
    text = Template((SCENARIOS / scenario).read_text(encoding="utf-8"))
    (folder / "scenario.xml").write_text(text.substitute(values, sound="sound.al"), encoding="utf-8")


def _statistics(folder: Path) -> dict[str, str]:
    """Return the last line of SIPp's statistics; empty when it had no time to write one."""
    path = folder / "stat.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return rows[-1] if rows else {}


def _seconds(clock: str) -> float | None:
    """Read SIPp's ``hours:minutes:seconds[:microseconds]``; all zeros mean that nothing was measured."""
    parts = clock.split(":")
    if len(parts) < 3 or not all(part.isdigit() for part in parts):
        return None
    hours, minutes, seconds, *rest = (int(part) for part in parts)
    return (3600 * hours + 60 * minutes + seconds + (rest[0] / 1e6 if rest else 0.0)) or None


def checked_number(value: str) -> str:
    """Return a telephone number or extension that is safe in a SIP URI (RFC 3261 section 25.1).

    :raises BadInput: it is not.
    """
    if not value or not all(sign.isalnum() or sign in "+-._" for sign in value):
        raise BadInput(f"not a telephone number: {value!r}", error_id="bad-number")
    return value
