"""Where the operators live: in this process, or in several, because one core carries only a handful of them.

A worker (``python -m hotline.load.worker``) reads a :class:`Job` from its first line of input and the extensions of all
operators from its second; it writes its own extensions, then facts, one JSON object a line. The end of its input makes
it stop.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from hotline.errors import Unavailable
from hotline.load.facts import Fact, Spent
from hotline.load.operators import Team
from hotline.load.script import Plan
from hotline.load.session import Person
from hotline.stand.postgres import die_with_parent

log = logging.getLogger(__name__)

OPEN_S = 120.0
CLOSE_S = 60.0


class Job(msgspec.Struct, frozen=True):
    """What a worker must know."""

    url: str
    people: tuple[Person, ...]
    plans: tuple[Plan, ...]


class Opened(msgspec.Struct, frozen=True, tag=True):
    """The extensions of a worker's operators."""

    extensions: list[str]


class Started(msgspec.Struct, frozen=True, tag=True):
    """A worker's operators are at work."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A worker could not begin."""

    message: str


News = Fact | Opened | Started | Failed
encode = msgspec.json.Encoder().encode
decode_news = msgspec.json.Decoder(News).decode
Tell = Callable[[Fact], None]


class Fleet(Protocol):
    """All operators."""

    async def start(self) -> None:
        """Log in, register, begin to work; raises :class:`~hotline.errors.HotlineError` when somebody cannot."""
        ...

    async def close(self) -> None:
        """End everything; the last fact is :class:`~hotline.load.facts.Spent`."""
        ...


class OwnFleet:
    """Operators in this process."""

    def __init__(self, job: Job, tell: Tell) -> None:
        self._tell = tell
        self._cpu_s = processor_seconds()
        self._team = Team(job.url, job.people, {plan.caller: plan for plan in job.plans}, tell)

    async def start(self) -> None:
        """Log in, register, begin to work."""
        await self._team.start(await self._team.open())

    async def close(self) -> None:
        """End everything."""
        try:
            await self._team.close()
        finally:
            self._tell(Spent(processor_seconds() - self._cpu_s, self._team.talk_s))


class Workers:
    """Operators in processes of their own."""

    def __init__(self, job: Job, processes: int, tell: Tell) -> None:
        shares = [job.people[number::processes] for number in range(processes)]
        self._jobs = [msgspec.structs.replace(job, people=share) for share in shares if share]
        self._tell = tell
        self._processes: list[asyncio.subprocess.Process] = []
        self._readers: list[asyncio.Task[None]] = []
        self._news: asyncio.Queue[Opened | Started | Failed] = asyncio.Queue()

    async def start(self) -> None:
        """Log in, register, begin to work.

        :raises Unavailable: a worker could not begin.
        """
        for job in self._jobs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "hotline.load.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 20,
                start_new_session=True,  # Ctrl+C is for us: we end the workers in order
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
            self._processes.append(process)
            self._readers.append(asyncio.create_task(self._read(process)))
            await _write(process, encode(job))
        extensions = [one for _ in self._jobs for one in (await self._next(Opened)).extensions]
        for process in self._processes:
            await _write(process, encode(extensions))
        for _ in self._jobs:
            await self._next(Started)

    async def close(self) -> None:
        """End everything."""
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        for process, reader in zip(self._processes, self._readers, strict=True):
            try:
                async with asyncio.timeout(CLOSE_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            await reader

    async def _next(self, kind: type[Opened] | type[Started]) -> Opened:
        try:
            async with asyncio.timeout(OPEN_S):
                news = await self._news.get()
        except TimeoutError as error:
            raise Unavailable("the operators' process does not begin", error_id="load-worker") from error
        if isinstance(news, Failed):
            raise Unavailable(news.message, error_id="load-worker")
        return news if isinstance(news, Opened) else Opened([])

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        async for line in process.stdout:
            news = decode_news(line)
            if isinstance(news, Opened | Started | Failed):
                self._news.put_nowait(news)
            else:
                self._tell(news)
        self._news.put_nowait(Failed("a process of operators has ended"))


async def _write(process: asyncio.subprocess.Process, line: bytes) -> None:
    if process.stdin is not None:
        process.stdin.write(line + b"\n")
        await process.stdin.drain()


def fleet(job: Job, processes: int, tell: Tell) -> Fleet:
    """Make the operators; ``processes`` above 1 puts them into so many processes of their own."""
    return Workers(job, processes, tell) if processes > 1 else OwnFleet(job, tell)


def processor_seconds() -> float:
    """Return what this process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def share_out(people: Sequence[Person], wanted: int) -> tuple[Person, ...]:
    """Return the first ``wanted`` people.

    :raises Unavailable: there are not so many.
    """
    if len(people) < wanted:
        raise Unavailable(f"{wanted} operators are wanted, {len(people)} logins are given", error_id="too-few-people")
    return tuple(people[:wanted])
