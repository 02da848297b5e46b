"""One private Asterisk: rendered, started, waited for, stopped; killed and started anew by chaos tests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Any

from pydantic import SecretStr

from hotline.config import AsteriskSettings
from hotline.errors import Unavailable
from hotline.stand.asterisk_root import AsteriskRoot
from hotline.stand.postgres import die_with_parent
from hotline.stand.prompts import build_prompts
from hotline.stand.rendering import AsteriskRenderSettings, TrunkSettings, render, write

LOOPBACK = "127.0.0.1"
TELEPHONE_NETWORK = "127.0.0.2"
"""Where simulated citizens live: another loopback address than our own, so that Asterisk tells them from browsers,
whose SIP arrives from 127.0.0.1 through our proxy."""
START_S = 30
STOP_S = 10
RTP_PORTS = 1000


@dataclass(frozen=True, slots=True)
class Trunk:
    """How a simulated telephone network reaches Asterisk, and where Asterisk looks for it."""

    asterisk_host: str
    asterisk_port: int
    network_host: str
    network_port: int


class AsteriskServer:
    """A private Asterisk in ``folder``. Ports and secrets stay the same over restarts.

    :param overrides: values for :class:`AsteriskRenderSettings` that differ from the stand's own.
    """

    def __init__(self, root: AsteriskRoot, folder: Path, overrides: Mapping[str, Any] | None = None) -> None:
        self._root = root
        self._folder = folder.resolve()
        # A Unix socket's path has at most 107 bytes (unix(7)), so the control socket cannot live in a deep folder.
        self._run_dir = Path(tempfile.mkdtemp(prefix="hotline-ast-"))
        self._process: asyncio.subprocess.Process | None = None
        self._overrides = dict(overrides or {})
        self._network_port = free_port(TELEPHONE_NETWORK, socket.SOCK_DGRAM)
        self.rendered = self._make_settings()

    @property
    def settings(self) -> AsteriskSettings:
        """What the service needs to know to work with this Asterisk."""
        rendered = self.rendered
        return AsteriskSettings(
            name=rendered.name,
            ami_host=LOOPBACK,
            ami_port=rendered.ami_port,
            ami_user=rendered.ami_user,
            ami_secret=rendered.ami_secret,
            http_url=f"http://{LOOPBACK}:{rendered.http_port}",
            ari_user=rendered.ari_user,
            ari_password=rendered.ari_password,
            log_dir=rendered.log_dir,
            recording_dir=rendered.recording_dir,
        )

    @property
    def trunk(self) -> Trunk:
        """Addresses of the trunk's two ends."""
        return Trunk(LOOPBACK, self.rendered.sip_port, TELEPHONE_NETWORK, self._network_port)

    @property
    def root(self) -> AsteriskRoot:
        """The installation that runs."""
        return self._root

    @property
    def pid(self) -> int | None:
        """Process id, ``None`` when it does not run."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    async def start(self) -> None:
        """Write the configuration, start Asterisk and wait until it is fully booted and serves HTTP.

        :raises Unavailable: it ended or was not ready in time; the message carries the end of its output.
        """
        await asyncio.to_thread(self._prepare)
        log = (self._folder / "asterisk.out").open("wb")
        with log:
            self._process = await asyncio.create_subprocess_exec(
                *self._root.command("usr/sbin/asterisk"),
                "-fn",
                "-C",
                str(self.rendered.config_dir / "asterisk.conf"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                start_new_session=True,  # Ctrl+C reaches us, not it; we stop it in order
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        ready = asyncio.create_task(self._until_ready())
        ended = asyncio.create_task(self._process.wait())
        try:
            async with asyncio.timeout(START_S):
                await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            pass
        finally:
            succeeded = ready.done() and not ready.cancelled() and ready.exception() is None
            for task in (ready, ended):
                task.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)
        if not succeeded:
            await self.stop()
            raise Unavailable(f"Asterisk did not start:\n{self.output()[-3000:]}", error_id="asterisk-start-failed")

    async def stop(self) -> None:
        """Ask it to end, then force it. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            _signal_group(process, signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                _signal_group(process, signal.SIGKILL)
                await process.wait()

    async def close(self) -> None:
        """Stop for good and delete the control socket's folder."""
        await self.stop()
        await asyncio.to_thread(shutil.rmtree, self._run_dir, ignore_errors=True)

    async def kill(self) -> None:
        """Crash it: SIGKILL, as a power cut would."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            _signal_group(process, signal.SIGKILL)
            await process.wait()

    async def restart(self) -> None:
        """Stop it in order and start it again on the same ports."""
        await self.stop()
        await self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal (``SIGSTOP``, ``SIGCONT``) to the running process."""
        if self._process is not None and self._process.returncode is None:
            _signal_group(self._process, number)

    async def cli(self, command: str) -> str:
        """Run one command of Asterisk's own command line (``core show channels``) and return what it printed."""
        process = await asyncio.create_subprocess_exec(
            *self._root.command("usr/sbin/asterisk"),
            "-C",
            str(self.rendered.config_dir / "asterisk.conf"),
            "-rx",
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(10):
            output, _ = await process.communicate()
        return output.decode(errors="replace")

    def output(self) -> str:
        """Return what it printed and logged so far."""
        texts = [self._folder / "asterisk.out", self.rendered.log_dir / "messages.log"]
        return "\n".join(path.read_text(errors="replace") for path in texts if path.exists())

    def _make_settings(self) -> AsteriskRenderSettings:
        rtp_start = SystemRandom().randrange(20_000, 60_000 - RTP_PORTS, RTP_PORTS)
        own: dict[str, Any] = {
            "config_dir": self._folder / "etc",
            "module_dir": self._root.modules,
            "data_dir": self._folder / "share",
            "var_dir": self._folder / "var",
            "spool_dir": self._folder / "spool",
            "run_dir": self._run_dir,
            "log_dir": self._folder / "log",
            "recording_dir": self._folder / "recordings",
            "ami_port": free_port(LOOPBACK, socket.SOCK_STREAM),
            "ami_secret": SecretStr(secrets.token_hex(16)),
            "http_port": free_port(LOOPBACK, socket.SOCK_STREAM),
            "ari_password": SecretStr(secrets.token_hex(16)),
            "sip_bind": LOOPBACK,
            "sip_port": free_port(LOOPBACK, socket.SOCK_DGRAM),
            "rtp_start": rtp_start,
            "rtp_end": rtp_start + RTP_PORTS - 1,
            "trunk": TrunkSettings(host=TELEPHONE_NETWORK, port=self._network_port, match=[TELEPHONE_NETWORK]),
        }
        return AsteriskRenderSettings(**{**own, **self._overrides})

    def _prepare(self) -> None:
        rendered = self.rendered
        for folder in (
            rendered.var_dir / "cache",
            rendered.var_dir / "keys",
            rendered.spool_dir,
            rendered.log_dir / "cel",
            rendered.recording_dir,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        write(render(rendered), rendered.config_dir)
        link_data(self._root, rendered.data_dir, build_prompts(self._root))

    async def _until_ready(self) -> None:
        while True:
            try:
                await self._ami_fully_booted()
                await self._http_answers()
            except (OSError, EOFError):
                # Nothing announces that a port has opened; a refused connection is cheap and tells us "not yet".
                await asyncio.sleep(0.05)
            else:
                return

    async def _ami_fully_booted(self) -> None:
        async with _connection(LOOPBACK, self.rendered.ami_port) as (reader, writer):
            await reader.readuntil(b"\r\n")  # the banner
            secret = self.rendered.ami_secret.get_secret_value()
            login = f"Action: Login\r\nUsername: {self.rendered.ami_user}\r\nSecret: {secret}\r\n\r\n"
            writer.write(login.encode())
            while b"Event: FullyBooted" not in await reader.readuntil(b"\r\n\r\n"):
                pass

    async def _http_answers(self) -> None:
        async with _connection(LOOPBACK, self.rendered.http_port) as (reader, writer):
            writer.write(b"GET /ari/ HTTP/1.0\r\n\r\n")
            await reader.readuntil(b"\r\n")


@contextlib.asynccontextmanager
async def _connection(host: str, port: int) -> Any:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def link_data(root: AsteriskRoot, data_dir: Path, prompts: Path) -> None:
    """Make Asterisk's data folder: links to the installation, its sounds under plain language codes, our prompts."""
    share = root.share
    sounds = data_dir / "sounds"
    sounds.mkdir(parents=True, exist_ok=True)
    for name in ("documentation", "moh", "static-http", "rest-api", "firmware"):
        if (share / name).exists():
            _link(data_dir / name, share / name)
    for language in ("ru", "en"):
        recorded = next(share.glob(f"sounds/{language}_*"), share / "sounds" / language)
        _link(sounds / language, recorded)
    _link(sounds / "hotline", prompts)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        if link.readlink() == target:
            return
        link.unlink()
    link.symlink_to(target)


def free_port(host: str, kind: socket.SocketKind) -> int:
    """Return a port that nobody uses right now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
