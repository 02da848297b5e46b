"""Restoring a backup: everything is checked first, files come before the database, the database is filled last.

Until the last step the old system is as it was, and an interrupted restore goes on where it was: files that are there
are not copied again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hotline.backup import files, postgres
from hotline.backup.files import Differs, Failure
from hotline.backup.making import DATABASE, Tell, check
from hotline.backup.manifest import Kind, Manifest
from hotline.backup.plan import Places, read_plan
from hotline.backup.postgres import Server


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought."""

    manifest: Manifest
    rows: int
    files: int
    copied: int
    """Of those files: how many were not there already."""


class Restorer:
    """Fills an installation from ``folder``.

    :param schemas: ids of the migrations that this program knows.
    """

    def __init__(self, server: Server, places: Places, folder: Path, schemas: frozenset[str], tell: Tell) -> None:
        self._server = server
        self._places = places
        self._folder = folder
        self._schemas = schemas
        self._tell = tell

    async def restore(self, backup_id: str | None = None, *, overwrite: str = "", jobs: int = 2) -> Restored:
        """Restore a backup, the newest one unless another is named.

        :param overwrite: the name of the database, for whoever wants what is in it thrown away.
        :raises Failure: nothing was changed in the database, or it is empty again.
        """
        if not await asyncio.to_thread(self._folder.is_dir):
            raise Failure(f"there is no folder {self._folder}", Failure.REFUSED)
        with files.locked(self._folder):
            manifest = await asyncio.to_thread(self._chosen, backup_id)
            if manifest.schema not in self._schemas:
                raise Failure(
                    f"the backup has the schema {manifest.schema}, which this version of the program does not know: "
                    f"install {manifest.program} or later",
                    Failure.REFUSED,
                )
            await self._require_free(overwrite)
            if faults := await check(self._folder, manifest, self._tell):
                raise Failure(f"backup {manifest.id} is damaged; nothing was restored", Failure.DAMAGED, tuple(faults))
            copied = await asyncio.to_thread(self._bring_files, manifest, overwrite=bool(overwrite))
            await self._fill(manifest, overwrite, jobs)
        return Restored(manifest, sum(manifest.tables.values()), len(manifest.contents), copied)

    def _chosen(self, backup_id: str | None) -> Manifest:
        known = files.backups(self._folder)
        if not known and backup_id is None:
            raise Failure(f"there is no finished backup in {self._folder}", Failure.REFUSED)
        return files.manifest_of(self._folder, backup_id or known[-1])

    async def _require_free(self, overwrite: str) -> None:
        async with self._server.connect() as connection:
            name = await connection.fetchval("SELECT current_database()")
            if overwrite and overwrite != name:
                raise Failure(f"--overwrite names {overwrite!r}, but the database is {name!r}", Failure.REFUSED)
            if who := await postgres.others(connection):
                raise Failure(f"stop the service first: {', '.join(who)} still use {name}", Failure.REFUSED)
            if not overwrite and (count := await postgres.own_objects(connection)):
                raise Failure(
                    f"the database {name} is not empty ({count} tables and functions): create an empty one, or say "
                    f"--overwrite {name} to throw all of it away",
                    Failure.REFUSED,
                )

    def _bring_files(self, manifest: Manifest, *, overwrite: bool) -> int:
        copied = 0
        targets = []
        for one in manifest.contents:
            target = self._places.of(one.kind, one.place, one.name)
            if target is None:
                raise Failure(
                    f"{one.name} belongs to an Asterisk that is not in the settings: {one.place}", Failure.REFUSED
                )
            targets.append((one, target))
        for number, (one, target) in enumerate(targets, 1):
            self._tell(f"files: {number} of {len(targets)}")
            present = files.measure(target)
            if present is not None and present[1] == one.sha256:
                continue
            if present is not None and not overwrite and one.kind is not Kind.SIDE:
                raise Failure(f"{target} is there already and is something else: move it away", Failure.REFUSED)
            try:
                with files.room_or_failure(target.parent):
                    files.copy(files.pooled(self._folder, one.sha256), target, one.sha256)
            except Differs as error:
                raise Failure(f"{one.name} is {error} in the backup", Failure.DAMAGED) from error
            copied += 1
        return copied

    async def _fill(self, manifest: Manifest, overwrite: str, jobs: int) -> None:
        await self._require_free(overwrite)  # the files may have taken hours
        if overwrite:
            async with self._server.connect() as connection:
                await postgres.empty(connection)
        self._tell("restoring the database")
        try:
            await self._server.restore(self._folder / manifest.id / DATABASE, jobs)
            await self._compare(manifest)
        except (Failure, asyncio.CancelledError):
            async with self._server.connect() as connection:
                await postgres.empty(connection)
            raise

    async def _compare(self, manifest: Manifest) -> None:
        """Hold the restored database against the manifest: rows of every table, chain of recordings."""
        async with self._server.connect() as connection:
            found = Counter(await postgres.rows_of_tables(connection))
            wanted = Counter(manifest.tables)
            plan = await read_plan(connection, self._places)
            await connection.execute("ANALYZE")
        faults = [
            f"ROWS: {name} has {found[name]} of {wanted[name]}"
            for name in sorted(found | wanted)
            if found[name] != wanted[name]
        ]
        if (plan.seals, plan.head) != (manifest.seals, manifest.head):
            faults.append("CHAIN: the last seal of the recordings is not the one of the backup")
        faults += [one for one in plan.faults if one not in manifest.faults]
        here = {one.sha256 for one in manifest.contents}
        lacking = [one for one in plan.wanted if one.sha256 not in here]
        if len(lacking) > len(manifest.faults):
            faults.append(f"FILES: {len(lacking)} files that the database names are not in the backup")
        if faults:
            raise Failure("what was restored is not what was backed up", Failure.DAMAGED, tuple(faults))
