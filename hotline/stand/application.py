"""``hotline stand``: everything that a newcomer needs, started with one command and stopped with Ctrl+C.

The product itself is started as its user would: by its own commands, in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from hotline.errors import Conflict, NotFound, Unavailable
from hotline.stand.asterisk import LOOPBACK, Trunk, free_port
from hotline.stand.asterisk_root import AsteriskRoot
from hotline.stand.postgres import die_with_parent
from hotline.stand.prompts import build_prompts
from hotline.stand.service import Stand
from hotline.stand.sipp import SippResult, citizen_calls

DEFAULT_FOLDER = Path(".stand")
PREPARATION = (("db", "upgrade"), ("profile", "load", "oms"))
"""Commands that make an empty database usable; each may be repeated without harm."""
PEOPLE = ("user", "demo")
"""Makes the demonstration people and prints their logins."""
HEALTHY_S = 30
STOP_S = 15

CALL_IT = ".venv/bin/hotline demo call"

RunCommand = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a running stand tells other commands (``.stand/run.json``)."""

    url: str
    pid: int
    asterisk_root: str
    trunk: Trunk
    environment: Mapping[str, str]
    """The settings of its service (``HOTLINE_…``), secrets among them: the file is its owner's alone."""

    @property
    def root(self) -> AsteriskRoot:
        """The installation that SIPp is a part of."""
        return AsteriskRoot(Path(self.asterisk_root))


def read_run_info(folder: Path = DEFAULT_FOLDER) -> RunInfo:
    """Return what the running stand wrote.

    :raises NotFound: no stand runs there.
    """
    try:
        stored = json.loads((folder / "run.json").read_text())
        os.kill(stored["pid"], 0)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound("no stand is running: start it with `make run`", error_id="no-stand") from error
    return RunInfo(**{**stored, "trunk": Trunk(**stored["trunk"])})


async def run_stand(folder: Path, host: str, port: int, command: RunCommand) -> None:
    """Start everything, print the address, and keep it running until SIGINT, SIGTERM or the service's end.

    :param command: runs one of the product's own commands, blocking.
    :raises Conflict: a stand already runs in this folder.
    :raises Unavailable: a part did not start.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    with locked(folder):
        async with _unless(stopped, Stand(folder)) as stand:
            if stand is None:
                return
            url = f"http://{host}:{port or _usual_port(host)}"
            environment = service_environment(stand, url)
            os.environ.update(environment)
            for words in PREPARATION:
                await asyncio.to_thread(command, words)
            info = RunInfo(url, os.getpid(), str(stand.root.root), stand.trunk, environment)
            async with _service(url) as service:
                _write_private(folder / "run.json", json.dumps(asdict(info), indent=2))
                await asyncio.to_thread(command, PEOPLE)
                sys.stdout.write(f"\nHotline is ready: {url}\nCall it: {CALL_IT}\nStop it: Ctrl+C\n\n")
                sys.stdout.flush()
                ended = asyncio.create_task(service.wait())
                waiting = asyncio.create_task(stopped.wait())
                await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                failed = not stopped.is_set()
            (folder / "run.json").unlink(missing_ok=True)
            if failed:
                raise Unavailable("the service ended by itself; see its messages above", error_id="service-ended")


async def demo_call(info: RunInfo, *, caller: str, did: str, seconds: float, tone: float | None) -> SippResult:
    """Place one call from a simulated citizen who speaks Russian (or hums ``tone`` hertz); wait until it is over."""
    prompts = await asyncio.to_thread(build_prompts, info.root)
    sound = tone if tone is not None else prompts / "demo-speech.wav"
    async with citizen_calls(info, caller=caller, did=did, hold_s=seconds, sound=sound) as call:
        try:
            return await call.wait(seconds + 60)
        except asyncio.CancelledError:  # Ctrl+C: the citizen hangs up properly
            await call.hang_up()
            raise


def service_environment(stand: Stand, url: str) -> dict[str, str]:
    """Return the settings (``HOTLINE_…``) with which the service works on this stand."""
    asterisk = stand.asterisk.settings
    described = asterisk.model_dump(mode="json") | {
        "ami_secret": asterisk.ami_secret.get_secret_value(),
        "ari_password": asterisk.ari_password.get_secret_value(),
    }
    host, port = url.removeprefix("http://").rsplit(":", 1)
    return {
        "HOTLINE_DATABASE_URL": stand.database_url,
        "HOTLINE_LISTEN_HOST": host,
        "HOTLINE_LISTEN_PORT": port,
        "HOTLINE_PUBLIC_URL": url,
        "HOTLINE_ASTERISKS": json.dumps([described]),
        "HOTLINE_ATTACHMENT_DIR": str(stand.folder / "files"),
        "HOTLINE_REGISTER_DIR": str(stand.folder / "register"),
        # Its passwords are printed on the screen: a second factor would protect nothing and cost every newcomer an app.
        "HOTLINE_SECOND_FACTOR_RIGHTS": "[]",
    }


@asynccontextmanager
async def _service(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hotline", "serve"),
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    try:
        await _until_healthy(url, process)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _until_healthy(url: str, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(HEALTHY_S), aiohttp.ClientSession() as http:
            while process.returncode is None:
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    async with http.get(f"{url}/health") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.1)  # nothing announces an opened port
    except TimeoutError:
        pass
    raise Unavailable("the service did not become healthy", error_id="service-start-failed")


@asynccontextmanager
async def _unless(stopped: asyncio.Event, stand: Stand) -> AsyncIterator[Stand | None]:
    """Start the stand, or give up when Ctrl+C comes first."""
    starting = asyncio.create_task(stand.start())
    interrupted = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({starting, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            yield stand
        else:
            yield None
    finally:
        for task in (starting, interrupted):
            task.cancel()
        await asyncio.gather(starting, interrupted, return_exceptions=True)
        await stand.stop()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only stand in ``folder``.

    :raises Conflict: another process is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"a stand already runs in {folder}", error_id="stand-runs") from error
        yield


def _usual_port(host: str) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, 8080))
        except OSError:
            return free_port(LOOPBACK, socket.SOCK_STREAM)
        return 8080


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
