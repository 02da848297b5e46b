"""The product as its user runs it, for tests: a service process of its own on a real Asterisk and PostgreSQL.

Being a process, it can be killed in the middle of a call and started again.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from hotline.stand.postgres import die_with_parent
from hotline.stand.service import Stand

READY_S = 40


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


@dataclass
class House:
    """A running hotline. ``log`` holds every line that the service wrote."""

    stand: Stand
    database_url: str
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    within: tuple[str, ...] = ()
    """Words put before the command, which become it by exec: ``nsenter`` into a network namespace."""
    _process: asyncio.subprocess.Process | None = None
    _reader: asyncio.Task[None] | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """Where browsers go: to the service itself, unless the settings name a proxy."""
        return self.settings.get("HOTLINE_PUBLIC_URL", f"http://127.0.0.1:{self.port}")

    @property
    def pid(self) -> int | None:
        """Process id; ``None``: it does not run."""
        return self._process.pid if self._process is not None else None

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the service."""
        asterisk = self.stand.asterisk.settings
        secrets = {
            "ami_secret": asterisk.ami_secret.get_secret_value(),
            "ari_password": asterisk.ari_password.get_secret_value(),
        }
        return {
            **os.environ,
            "HOTLINE_DATABASE_URL": self.database_url,
            "HOTLINE_LISTEN_PORT": str(self.port),
            "HOTLINE_PUBLIC_URL": self.url,
            "HOTLINE_WRAP_UP_S": "1",
            "HOTLINE_ASTERISKS": json.dumps([asterisk.model_dump(mode="json") | secrets]),
            "HOTLINE_ATTACHMENT_DIR": str(self.stand.folder / "files"),
            "HOTLINE_REGISTER_DIR": str(self.stand.folder / "register"),
            "HOTLINE_SECOND_FACTOR_RIGHTS": "[]",
            **self.settings,
        }

    async def start(self) -> None:
        """Start the service and wait until it serves."""
        before = len(self.log)
        self._process = await asyncio.create_subprocess_exec(
            *self.within,
            sys.executable,
            *("-m", "hotline", "serve"),
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        self._reader = asyncio.create_task(self._read(self._process))
        await self.logged("ready at", after=before, within_s=READY_S)
        await self.logged(f"link {self.stand.asterisk.settings.name}: up", after=before, within_s=READY_S)

    async def kill(self) -> None:
        """Kill the service without a warning, as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Stop the service in order."""
        await self._end(signal.SIGTERM)

    async def logged(self, text: str, *, after: int = 0, times: int = 1, within_s: float = 20) -> str:
        """Wait until ``times`` lines of the log contain ``text``; return the last of them."""

        def found() -> str | None:
            lines = [line for line in self.log[after:] if text in line]
            return lines[times - 1] if len(lines) >= times else None

        try:
            async with asyncio.timeout(within_s), self._news:
                while (line := found()) is None:
                    if self._process is None or self._process.returncode is not None:
                        break
                    await self._news.wait()
        except TimeoutError:
            line = None
        if line is None:
            tail = "\n".join(self.log[-40:])
            raise AssertionError(f"the service never logged {text!r}; its last lines:\n{tail}")
        return line

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            async with self._news:
                self.log.append(raw.decode(errors="replace").rstrip())
                self._news.notify_all()
        await process.wait()
        async with self._news:
            self._news.notify_all()

    async def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(number)
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        finally:
            if self._reader is not None:
                await self._reader


@asynccontextmanager
async def open_house(stand: Stand, database_url: str) -> AsyncIterator[House]:
    """Run a house; stop it at the end whatever happened."""
    house = House(stand, database_url)
    try:
        await house.start()
        yield house
    finally:
        await house.stop()
