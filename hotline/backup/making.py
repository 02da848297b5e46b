"""Making a backup, and checking one.

Files are copied before the snapshot is taken, so that it is held for the little that came meanwhile and for the dump,
not for the hours of a first copy. What the snapshot names and the disk has no more (a recording was encoded, or deleted
at the end of its time, a moment ago) makes it take another snapshot; what two snapshots name and the disk has not is a
fault, which the backup tells of and lists.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import asyncpg

from hotline.backup import files
from hotline.backup.files import Differs, Failure
from hotline.backup.manifest import NAME, Content, DumpFile, Kind, Manifest, write
from hotline.backup.plan import Places, Plan, Wanted, read_plan
from hotline.backup.postgres import Server, rows_of_tables
from hotline.clock import Clock

SNAPSHOTS = 5
"""How often a snapshot is taken anew because files moved; each costs a look through what it names, not a dump."""
DATABASE = "database"
SPARE = 64 * 1024**2
"""Bytes that must be free beyond what the files need."""

Tell = Callable[[str], None]
"""Shows progress: one short line, as often as it likes to be called."""
Inside = Callable[[asyncpg.Connection], Awaitable[None]]


@dataclass
class Copied:
    """What a pass over the plan has brought."""

    contents: dict[tuple[str, str, str], Content] = field(default_factory=dict)
    gone: dict[Wanted, str] = field(default_factory=dict)
    """Files that are missing or changed, with which of the two."""


class BackupMaker:
    """Makes backups in ``folder``. One at a time; safe to interrupt, and whoever begins again goes on.

    :param inside: called with the connection that holds the snapshot, for whoever wants to look at the same moment.
    """

    def __init__(
        self, server: Server, places: Places, folder: Path, clock: Clock, tell: Tell, inside: Inside | None = None
    ) -> None:
        self._server = server
        self._places = places
        self._folder = folder
        self._clock = clock
        self._tell = tell
        self._inside = inside

    async def make(self, *, jobs: int = 2, keep: int | None = None) -> Manifest:
        """Make a backup and return its manifest; its ``faults`` say what was wrong with the system already.

        :param keep: delete all but so many of the newest backups when this one is finished.
        :raises Failure: it came to nothing; former backups are as they were.
        """
        with files.locked(self._folder), files.room_or_failure(self._folder):
            await asyncio.to_thread(files.forget_unfinished, self._folder)
            async with self._server.connect() as connection:
                first = await read_plan(connection, self._places)
            await asyncio.to_thread(self._require_room, first)
            await self._copy(first)
            manifest = await self._with_snapshot(jobs)
            if keep is not None:
                for gone in await asyncio.to_thread(files.thin_out, self._folder, keep):
                    self._tell(f"{gone} is deleted")
        return manifest

    async def _with_snapshot(self, jobs: int) -> Manifest:
        before: dict[Wanted, str] = {}
        for attempt in range(1, SNAPSHOTS + 1):
            async with self._snapshot() as (connection, snapshot):
                plan = await read_plan(connection, self._places)
                copied = await self._copy(plan)
                if set(copied.gone) - set(before) and attempt < SNAPSHOTS:
                    self._tell(f"{len(copied.gone)} files moved meanwhile: another snapshot")
                    before = copied.gone
                    continue
                return await self._finish(connection, snapshot, plan, copied, jobs)
        raise AssertionError("the last snapshot is always taken")  # pragma: no cover

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
        async with (
            self._server.connect() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection, await connection.fetchval("SELECT pg_export_snapshot()")

    async def _finish(
        self, connection: asyncpg.Connection, snapshot: str, plan: Plan, copied: Copied, jobs: int
    ) -> Manifest:
        now = self._clock.now()
        backup_id = f"{now:%Y%m%dT%H%M%SZ}"
        if (self._folder / backup_id).exists():
            raise Failure(f"there is a backup {backup_id} already: try again in a second", Failure.REFUSED)
        draft = self._folder / f"{backup_id}.part"
        draft.mkdir(mode=0o700)
        self._tell("dumping the database")
        await self._server.dump(snapshot, draft / DATABASE, jobs)
        faults = [f"{how.upper()}: {one.kind} {one.source.name}" for one, how in copied.gone.items()]
        manifest = Manifest(
            id=backup_id,
            made_at=now,
            program=version("hotline"),
            schema=await connection.fetchval("SELECT version_num FROM alembic_version"),
            postgres=await connection.fetchval("SHOW server_version"),
            tables=await rows_of_tables(connection),
            seals=plan.seals,
            head=plan.head,
            dump=await asyncio.to_thread(_measured, draft / DATABASE),
            contents=tuple(copied.contents.values()),
            faults=(*plan.faults, *faults),
        )
        if self._inside is not None:
            await self._inside(connection)
        await asyncio.to_thread(files.put, draft / NAME, write(manifest))
        await asyncio.to_thread(draft.rename, self._folder / backup_id)
        return manifest

    def _require_room(self, plan: Plan) -> None:
        needed = sum(
            one.size for one in plan.wanted if not files.has_size(files.pooled(self._folder, one.sha256), one.size)
        )
        free = shutil.disk_usage(self._folder).free
        if needed + SPARE > free:
            raise Failure(
                f"{self._folder} has {free / 1e9:.2f} GB free, and the new files alone need {needed / 1e9:.2f} GB",
                Failure.NO_ROOM,
            )

    async def _copy(self, plan: Plan) -> Copied:
        """Bring every file of the plan that is not in the pool yet."""
        copied = Copied()
        for number, one in enumerate(plan.wanted, 1):
            self._tell(f"files: {number} of {len(plan.wanted)}")
            target = files.pooled(self._folder, one.sha256)
            if not await asyncio.to_thread(files.has_size, target, one.size):
                try:
                    await asyncio.to_thread(files.copy, one.source, target, one.sha256)
                except Differs as error:
                    copied.gone[one] = str(error)
                    continue
            copied.contents[one.kind, one.place, one.source.name] = one.content()
        for place, source in plan.beside:
            if content := await asyncio.to_thread(self._take, place, source):
                copied.contents[content.kind, place, source.name] = content
        return copied

    def _take(self, place: str, source: Path) -> Content | None:
        """Copy a file of which nobody has written down what is in it."""
        found = files.measure(source)
        if found is None:
            return None
        size, sha256 = found
        target = files.pooled(self._folder, sha256)
        try:
            if not files.has_size(target, size):
                files.copy(source, target, sha256)
        except Differs:
            return None  # encoded a moment ago: the recording itself is there
        return Content(Kind.SIDE, place, source.name, size, sha256)


async def check(folder: Path, manifest: Manifest, tell: Tell) -> list[str]:
    """Read every byte of a backup again; return what is wrong with it, one line for each fault."""
    faults: list[str] = []
    dump = folder / manifest.id / DATABASE
    parts = [(f"database/{one.name}", dump / one.name, one.size, one.sha256) for one in manifest.dump]
    unique = {one.sha256: one for one in manifest.contents}
    parts += [
        (f"{one.kind} {one.name}", files.pooled(folder, one.sha256), one.size, one.sha256) for one in unique.values()
    ]
    for number, (name, path, size, sha256) in enumerate(parts, 1):
        tell(f"checking: {number} of {len(parts)}")
        found = await asyncio.to_thread(files.measure, path)
        if found is None:
            faults.append(f"MISSING: {name}")
        elif found[0] < size:
            faults.append(f"CUT: {name} has {found[0]} of {size} bytes")
        elif found != (size, sha256):
            faults.append(f"CHANGED: {name}")
    return faults


def _measured(folder: Path) -> tuple[DumpFile, ...]:
    found = [(path.name, files.measure(path)) for path in sorted(folder.iterdir())]
    return tuple(DumpFile(name, *its) for name, its in found if its is not None)
