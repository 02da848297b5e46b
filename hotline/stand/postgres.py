"""A private PostgreSQL cluster for ``make run`` and the tests: real, throw-away or kept, and gone when we are gone.

It listens on a Unix socket only, in a folder of its own, so it needs no free port and no other program meets it.
PostgreSQL refuses to run as root; then the server runs as the ``postgres`` user of Debian's package, and its data lie
where that user can reach them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

import asyncpg

from hotline.errors import Unavailable

READY = b"database system is ready to accept connections"
# Speed for data that may be lost: a crash of the machine costs a test run or a demo, nothing else.
THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
KEPT = ("synchronous_commit=on",)
_PR_SET_PDEATHSIG = 1


def die_with_parent(stop: int = signal.SIGTERM) -> Callable[[], None]:
    """Return a ``preexec_fn`` that makes the kernel send ``stop`` to the child when its parent dies (prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, stop)

    return ask_kernel


def find_binaries() -> Path:
    """Return the folder of the newest installed PostgreSQL server (15 or later).

    :raises Unavailable: no server is installed.
    """
    found = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")),
        key=lambda folder: int(folder.parent.name),
    )
    if not found or int(found[-1].parent.name) < 15:
        raise Unavailable("PostgreSQL 15 or later is not installed: run `make bootstrap`", error_id="no-postgresql")
    return found[-1]


class PrivateCluster:
    """One PostgreSQL server with its own data folder. ``async with`` starts and stops it.

    :param folder: where the cluster lives; kept between runs. ``None``: a temporary one, deleted at the end.
    :param options: parameters of the server (``name=value``) beside ours, or instead of them.
    """

    def __init__(self, folder: Path | None = None, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)
        self._throw_away = folder is None
        self._user = "postgres" if os.geteuid() == 0 else None
        self._home = Path(tempfile.mkdtemp(prefix="hotline-pg-")) if folder is None else self._reachable(folder)
        self._socket = Path(tempfile.mkdtemp(prefix="hotline-sock-"))
        self._process: asyncio.subprocess.Process | None = None
        self._log_task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self._home / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._home / "server.log"

    @property
    def pid(self) -> int | None:
        """Process id of the main process; ``None``: it does not run."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket (``psql -h``)."""
        return self._socket

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of ``database``."""
        return f"postgresql+asyncpg://postgres@/{database}?host={quote(str(self._socket), safe='/')}"

    async def __aenter__(self) -> PrivateCluster:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Make the cluster when it does not exist yet, start the server and wait until it accepts connections."""
        binaries = find_binaries()
        self._ready.clear()
        await asyncio.to_thread(self._prepare_folders)
        if not (self.data / "PG_VERSION").exists():
            await self._initialise(binaries)
        options = (
            f"unix_socket_directories={self._socket}",
            "listen_addresses=",
            "max_connections=200",
            "shared_buffers=128MB",
            *(THROW_AWAY if self._throw_away else KEPT),
            *self._options,  # of two with the same name PostgreSQL takes the later one
        )
        self._process = await asyncio.create_subprocess_exec(
            binaries / "postgres",
            "-D",
            self.data,
            *(word for option in options for word in ("-c", option)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl+C reaches us, not it; we stop it in order
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            preexec_fn=die_with_parent(signal.SIGINT),
            env=self._environment(),
        )
        self._log_task = asyncio.create_task(self._copy_log(self._process), name="postgres-log")
        async with asyncio.timeout(60):
            await self._ready.wait()
        if self._process.returncode is not None:
            raise Unavailable(f"PostgreSQL did not start; see {self.log}", error_id="postgresql-start-failed")

    async def stop(self) -> None:
        """Stop the server (fast shutdown) and delete what is temporary. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGINT)
            try:
                async with asyncio.timeout(20):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._log_task is not None:
            await self._log_task
            self._log_task = None
        await asyncio.to_thread(shutil.rmtree, self._socket, ignore_errors=True)
        if self._throw_away:
            await asyncio.to_thread(shutil.rmtree, self._home, ignore_errors=True)

    async def halt(self) -> None:
        """Stop the server and keep its folders: :meth:`start` brings it back with all that was committed."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)  # "fast shutdown": connections are closed, nothing waits for them
            async with asyncio.timeout(20):
                await process.wait()
        if self._log_task is not None:
            await self._log_task
            self._log_task = None

    async def crash(self) -> None:
        """Kill the main process, as a power cut would; return when the others, who notice it, are gone too."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()
        if self._log_task is not None:
            await self._log_task
            self._log_task = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server's main process (chaos tests)."""
        if self._process is not None:
            self._process.send_signal(number)

    async def create_database(self, name: str, *, template: str = "template1", replace: bool = False) -> str:
        """Create a database and return its SQLAlchemy URL; an existing one is kept unless ``replace``."""
        connection = await self._connect("postgres")
        try:
            if replace:
                await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            exists = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name)
            if not exists:
                await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            await connection.close()
        return self.url(name)

    async def drop_database(self, name: str) -> None:
        """Drop a database, throwing out whoever is connected."""
        connection = await self._connect("postgres")
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    async def _connect(self, database: str) -> asyncpg.Connection:
        return await asyncpg.connect(host=str(self._socket), user="postgres", database=database, timeout=10)

    def _reachable(self, folder: Path) -> Path:
        """Return ``folder``, or a twin under /var/lib when the server's user could not enter it."""
        folder = folder.resolve()
        closed = any(parent.exists() and not parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))
        if self._user is None or not closed:
            return folder
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        return Path("/var/lib/hotline") / f"pg-{name}"

    def _prepare_folders(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._socket.mkdir(parents=True, exist_ok=True)
        if self._user is None:
            return
        owner = pwd.getpwnam(self._user)
        for folder in (self._home, self._socket):
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            folder.chmod(0o755)

    async def _initialise(self, binaries: Path) -> None:
        # ICU Russian collation sorts names as the users expect; C for everything else would put «Ё» after «я».
        arguments: Sequence[str | Path] = (
            binaries / "initdb",
            "-D",
            self.data,
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=icu",
            "--icu-locale=ru-RU",
            "--locale=C.UTF-8",
            *(("--no-sync",) if self._throw_away else ()),
        )
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            env=self._environment(),
            cwd="/",
        )
        output, _ = await process.communicate()
        if process.returncode:
            await asyncio.to_thread(shutil.rmtree, self.data, ignore_errors=True)
            raise Unavailable(f"initdb failed: {output.decode(errors='replace')}", error_id="initdb-failed")

    async def _copy_log(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None  # noqa: S101 - made with PIPE just above
        with self.log.open("wb", buffering=0) as log:
            while line := await process.stderr.readline():
                with contextlib.suppress(OSError):  # a full disk costs lines; an unread pipe would stop the server
                    log.write(line)
                if READY in line:
                    self._ready.set()
        await process.wait()
        self._ready.set()

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
